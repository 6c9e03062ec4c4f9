import type { KeyProof, KeyReference, PinPermits, TokenDescription } from '../../kernel/signer.ts';
import type { BackoffBounds } from '../../lib/backoff.ts';
import type { LogLine, Opening, Operation, Operations } from '../protocol.ts';
import type { RemoteSigner } from './remote-process.ts';
import type { Timers } from './timers.ts';

export interface SignerLinkOptions {
  /** A signer that runs by itself; without one, each process is a child of this one. */
  readonly remote?: Pick<RemoteSigner, 'socket' | 'user'> | undefined;
  /** The file that a child reads its settings from, and the token there: its arguments, and no message. */
  readonly settingsFile: string;
  readonly hsmToken: string;
  /** Go before the file, as it does: arguments, and no message. */
  readonly variables?: Readonly<Record<string, string>>;
  /** For making the service's own keys on a new token: those that the file names are elsewhere. */
  readonly newKeys?: boolean;
  /** What the signer is told when it opens the token. */
  readonly opening: Opening;
  /** Asked before each login; absent where no other host has a PIN of that token. */
  readonly permits?: PinPermits | undefined;
  /** The child's whole environment, such as SOFTHSM2_CONF. No secrets (I8). */
  readonly environment: Readonly<Record<string, string>>;
  readonly deadlines: Deadlines;
  /** Signatures that may wait; beyond it `overloaded`. */
  readonly queueLimit: number;
  /** Called in order; it must not throw. */
  readonly onEvent: (event: SignerEvent) => void;
  readonly processFile?: URL;
  /** In milliseconds. */
  readonly backoff?: BackoffBounds;
  /** From 0 to 1, for jitter. */
  readonly random?: () => number;
  readonly timers?: Timers;
}

/** Past its deadline a call is given up, and the process with it. */
export interface Deadlines {
  readonly signMs: number;
  readonly generateMs: number;
  /** Of everything else; what proves keys gets more, by their number. */
  readonly openMs: number;
}

/**
 * `starting`: a process is being started and calls wait a moment for it. `away`: the HSM could not be opened,
 * and calls are refused at once while attempts go on. `latched`: the PIN, and only an operator can help.
 */
export const LINK_STATES = ['ready', 'starting', 'away', 'latched'] as const;
export type LinkState = (typeof LINK_STATES)[number];

export type SignerEvent =
  | { readonly type: 'ready'; readonly pid: number | undefined; readonly token: TokenDescription }
  /** A process that served was given up; another is on its way. */
  | { readonly type: 'replaced'; readonly why: string }
  /** An attempt to open the HSM failed; told again only when the reason changes. */
  | { readonly type: 'away'; readonly why: string }
  | { readonly type: 'latched'; readonly why: string }
  /** What a new process found of the keys it was given. */
  | { readonly type: 'proofs'; readonly proofs: readonly KeyProof[] }
  /** Keys that a fresh process could not find: the whole list, each time it changes. */
  | { readonly type: 'missing'; readonly kids: readonly string[] }
  | ({ readonly type: 'log' } & LogLine);

/** Finding a key, reading it attribute by attribute and making it sign, on an HSM across a network. */
const SERVE_MS_PER_KEY = 20;

const MEMBER = {
  pin: 'openMs',
  open: 'openMs',
  sign: 'signMs',
  generate: 'generateMs',
  trial: 'generateMs',
  serve: 'openMs',
  serveAlso: 'openMs',
  release: 'openMs',
  prove: 'openMs',
  inventory: 'openMs',
  discard: 'openMs',
  destroy: 'openMs',
  sealed: 'openMs',
  describe: 'openMs',
  report: 'openMs',
} as const satisfies Record<Operation, keyof Deadlines>;

export function deadlineOf<K extends Operation>(
  deadlines: Deadlines,
  op: K,
  takes: Operations[K]['takes'],
): number {
  const keys = op === 'serve' || op === 'serveAlso' ? (takes as readonly KeyReference[]).length : 0;
  return deadlines[MEMBER[op]] + keys * SERVE_MS_PER_KEY;
}

export type OperationSet = ReadonlySet<Operation>;

/** What changes which keys are in service. */
const LOADING: OperationSet = new Set(['serve', 'serveAlso', 'release', 'discard', 'destroy']);
/** They take the one session that destroys as well. */
const MAKING: OperationSet = new Set(['generate', 'trial']);
/** The signer does those of a line one after the other: the deadline of each runs from when its turn comes. */
const LINES: readonly OperationSet[] = [LOADING, MAKING];

const OCCUPYING: OperationSet = new Set(['serve', 'serveAlso', 'prove', 'inventory']);
/** While one of these is under way, an operation that is late says nothing about the health of the process. */
export const EXCUSES: Partial<Record<Operation, OperationSet>> = {
  sign: OCCUPYING,
  discard: MAKING,
  destroy: MAKING,
};

/** Undefined for what waits for no other operation. */
export function lineOf(op: Operation): OperationSet | undefined {
  return LINES.find((line) => line.has(op));
}
