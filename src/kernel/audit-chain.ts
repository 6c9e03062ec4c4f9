import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';
import type { PublicJwk } from './key.ts';

/** Where a chain stands: the last element's sequence and hash. */
export interface ChainHead {
  readonly sequence: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** An audit event as it is stored, but for its hash. */
export interface ChainedEvent {
  readonly sequence: number;
  /** Seconds since the epoch, as the clock of that moment had it. */
  readonly time: number;
  readonly type: string;
  readonly actor: string;
  readonly subject: string;
  readonly requestId: string | null;
  /** Of the trace that the request belonged to; 32 hex digits. */
  readonly traceId: string | null;
  /** The text that was hashed: details are compared and hashed as written, never parsed and written again. */
  readonly detailsJson: string;
}

/** Before the first event. */
export const AUDIT_GENESIS: ChainHead = { sequence: 0, hash: new Uint8Array(32) };

const TAG = 'keyward-audit-event-v1';
const ABSENT = Buffer.of(0);
const PRESENT = Buffer.of(1);

/**
 * SHA-256 over the tag, the hash before and every field, each with its length, so that no two events have one
 * encoding. Whoever changes, drops, adds or swaps an event changes every hash that follows.
 */
export function auditEventHash(previous: Uint8Array, event: ChainedEvent): Buffer {
  const hash = createHash('sha256');
  const field = (bytes: Uint8Array): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  field(Buffer.from(TAG));
  field(previous);
  field(wholeNumber(event.sequence));
  field(wholeNumber(event.time));
  for (const text of [event.type, event.actor, event.subject]) field(Buffer.from(text));
  for (const id of [event.requestId, event.traceId]) {
    field(id === null ? ABSENT : Buffer.concat([PRESENT, Buffer.from(id)]));
  }
  field(Buffer.from(event.detailsJson));
  return hash.digest();
}

/** Eight bytes, two's complement. */
function wholeNumber(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

/** What a checkpoint holds fast. A chain without elements stands at sequence 0 with 32 zero bytes. */
export const CHAINS = ['audit', 'ledger', 'registry'] as const;
export type ChainName = (typeof CHAINS)[number];

/** Where each chain stands, all at one moment; the registry's sequence is the number of its last signed change. */
export type ChainHeads = Readonly<Record<ChainName, ChainHead>>;

/** What the audit key vouches for: whoever keeps a copy can tell later that nothing before it was rewritten. */
export interface Checkpoint {
  /** 1, 2, 3 …: a missing number is a checkpoint taken away. */
  readonly number: number;
  /** SHA-256 of the compact JWS of the checkpoint before; 32 zero bytes for the first. */
  readonly previous: Uint8Array;
  /** Seconds since the epoch. */
  readonly time: number;
  readonly heads: ChainHeads;
}

export interface StoredCheckpoint extends Pick<Checkpoint, 'number' | 'time'> {
  readonly auditSequence: number;
  /** Compact, typ `kw-checkpoint+jwt`, by the audit key. */
  readonly jws: string;
}

export function mapChains<T>(of: (name: ChainName) => T): Record<ChainName, T> {
  return {
    audit: of('audit'),
    ledger: of('ledger'),
    registry: of('registry'),
  };
}

/** Where anyone gets the newest checkpoint, to keep a copy. */
export interface CheckpointSource {
  readonly auditKey: { readonly kid: string; readonly publicJwk: PublicJwk };
  /** Undefined before the first was taken. */
  latest(): StoredCheckpoint | undefined;
}

/** An element of a chain that is not as it was written. */
export interface BrokenChain {
  /** Where: `event 12`. */
  readonly place: string;
  readonly why: string;
}

/** The details of a stored event; empty where somebody made of them what is no JSON object. */
export function auditDetailsIn(json: string): Readonly<Record<string, unknown>> {
  try {
    const details: unknown = JSON.parse(json);
    return typeof details === 'object' && details !== null ? { ...details } : {};
  } catch {
    // The chain says that the event was changed.
    return {};
  }
}

/** What decides who may do what must not be undone by an older table of before the next checkpoint. */
export function wantsCheckpoint({ type, detailsJson }: ChainedEvent): boolean {
  const { registry, unsigned } = auditDetailsIn(detailsJson);
  return type === 'revocation.added' || registry !== undefined || unsigned !== undefined;
}

/**
 * A key pair of one run of the service. The private half lives in this process alone, so a seal shows that the
 * service wrote what it covers: whoever writes to the database cannot make one.
 */
export interface RunKey extends RunDescription {
  readonly privateKey: KeyObject;
}

export interface RunDescription extends RunPublicKey {
  /** Seconds since the epoch. */
  readonly startedAt: number;
}

export interface RunPublicKey {
  readonly id: string;
  /** Ed25519, 32 bytes in base64url. */
  readonly publicKey: string;
  /** The last element of each chain that its seals count for; without it, for any. */
  readonly until?: Readonly<Record<SealedChain, number>>;
}

/** The chains whose elements are sealed one by one. */
type SealedChain = 'audit' | 'ledger';
/** A note, and a change that is owed to standbys, are of no chain. */
type Sealed = SealedChain | 'note' | 'owed';

/** An element of a chain, with the seal beside it. */
interface SealedElement {
  readonly sequence: number;
  readonly hash: Uint8Array;
  readonly seal: Uint8Array | null;
}

/** Whether the run sealed that element, and its seals count that far. */
export function hasSealed(run: RunPublicKey, chain: SealedChain, element: SealedElement): boolean {
  const { sequence, hash, seal } = element;
  const counts = sequence <= (run.until?.[chain] ?? Number.POSITIVE_INFINITY);
  return counts && seal !== null && verifySeal(run, chain, { sequence, hash }, seal);
}

const SEAL_TAG = 'keyward-seal-v1';

export function createRunKey(startedAt: number): RunKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return { id: randomUUID(), publicKey: x, privateKey, startedAt };
}

/** Ed25519 over the chain's name, the run, and an element's place and hash: at another place it is no seal; 64 bytes. */
export function sealHash(
  { id, privateKey }: Pick<RunKey, 'id' | 'privateKey'>,
  chain: Sealed,
  element: ChainHead,
): Buffer {
  return sign(null, sealText(id, chain, element), privateKey);
}

/** False also for a public key that is none. */
export function verifySeal(run: RunPublicKey, chain: Sealed, element: ChainHead, seal: Uint8Array): boolean {
  try {
    return verify(null, sealText(run.id, chain, element), keyOf(run), seal);
  } catch {
    return false;
  }
}

/** Imported once: that takes a third of what a check takes. */
const keys = new WeakMap<RunPublicKey, KeyObject>();

function keyOf(run: RunPublicKey): KeyObject {
  const known = keys.get(run);
  if (known) return known;
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: run.publicKey } });
  keys.set(run, key);
  return key;
}

function sealText(id: string, chain: Sealed, { sequence, hash }: ChainHead): Buffer {
  return Buffer.concat([Buffer.from(`${SEAL_TAG}\0${chain}\0${id}\0`), wholeNumber(sequence), hash]);
}

/** A run as the database has it: its key counts as far as its certificate says so. */
export interface StoredRun extends RunDescription {
  /** Compact JWS by the audit key; null until the HSM has signed it. */
  readonly certificate: string | null;
}

/** The audit event that keeps a certificate a second time, so that a row which is taken away is made again. */
export const RUN_CERTIFIED = 'run.certified';
/** Its subject: these events are found by it. */
export const RUNS_SUBJECT = 'runs';

export interface RecordedCertificate {
  /** Of the audit event. */
  readonly sequence: number;
  readonly runId: string;
  /** Compact JWS, to be verified: nobody vouches for the event. */
  readonly certificate: string;
}

/** Undefined where the event does not name both. */
export function recordedCertificate(sequence: number, detailsJson: string): RecordedCertificate | undefined {
  const { run, certificate } = auditDetailsIn(detailsJson);
  if (typeof run !== 'string' || typeof certificate !== 'string') return undefined;
  return { sequence, runId: run, certificate };
}

/** An element of a chain, as far as its seal goes. */
export interface GroupSeal extends SealedElement {
  /** Null where no run sealed it. */
  readonly runId: string | null;
}

/** The runs whose seals count: this process's own, and those that the audit key has certified. */
export class TrustedRuns {
  readonly #runs: Map<string, RunPublicKey>;

  constructor(runs: readonly RunPublicKey[]) {
    this.#runs = new Map(runs.map((run) => [run.id, run]));
  }

  knows(id: string): boolean {
    return this.#runs.has(id);
  }

  /** From now on its seals count, too. */
  trust(run: RunPublicKey): void {
    this.#runs.set(run.id, run);
  }

  haveSealed(chain: SealedChain, element: GroupSeal): boolean {
    const run = element.runId === null ? undefined : this.#runs.get(element.runId);
    return run !== undefined && hasSealed(run, chain, element);
  }
}
