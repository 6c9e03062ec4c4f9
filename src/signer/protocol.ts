import type { ErrorCode } from '../kernel/errors.ts';
import type { PublicJwk } from '../kernel/key.ts';
import type {
  GeneratedKey,
  InventoryObject,
  KeyEvidence,
  KeyProof,
  KeyReference,
  KeySpecification,
  KeyTrial,
  ModuleReport,
  PinState,
  PinTerms,
  SealedStatements,
  TokenDescription,
} from '../kernel/signer.ts';
import type { ServiceKids } from './settings.ts';

/** Labels of the service's own keys in the HSM. */
export const REGISTRY_LABEL = 'kw1.registry';
export const AUDIT_LABEL = 'kw1.audit';
export const BINDING_LABEL = 'kw1.binding';

export const SERVICE_LABELS = {
  registryKid: REGISTRY_LABEL,
  auditKid: AUDIT_LABEL,
  bindingKid: BINDING_LABEL,
} as const satisfies Record<keyof ServiceKids, string>;

/** All that the front has to say when the signer opens the token; the rest stands in the signer's own settings. */
export interface Opening {
  /** At most so many; the settings and the token have limits of their own. */
  readonly sessions: number;
  /** The public halves of the keys that bind the keys of other tokens; the settings have their thumbprints. */
  readonly otherBindingKeys: readonly PublicJwk[];
  /** Without any, the signer's own latch alone decides whether the PIN is tried. */
  readonly pin?: PinTerms;
}

/** Each operation with what it takes and what it answers. */
export interface Operations {
  /** Asks no module, and is answered also where opening has failed. */
  pin: { takes: null; gives: PinState };
  open: { takes: Opening; gives: TokenDescription };
  sign: { takes: readonly SignItem[]; gives: readonly SignOutcome[] };
  generate: { takes: KeySpecification; gives: GeneratedKey };
  /** Of the specification, everything but id and label, which are of the trial's own. */
  trial: { takes: Pick<KeySpecification, 'algorithm' | 'modulusBits'>; gives: KeyTrial };
  serve: { takes: readonly KeyReference[]; gives: readonly KeyProof[] };
  serveAlso: { takes: readonly KeyReference[]; gives: readonly KeyProof[] };
  /** By `CKA_ID`. */
  release: { takes: readonly string[]; gives: null };
  prove: { takes: { readonly key: KeyReference; readonly nonce: string }; gives: KeyEvidence };
  inventory: { takes: null; gives: readonly InventoryObject[] };
  discard: { takes: { hsmId: string }; gives: null };
  destroy: { takes: { hsmId: string; kid: string; bindingRecord: string | null }; gives: null };
  sealed: { takes: SealedStatements; gives: SealedStatements };
  describe: { takes: null; gives: TokenDescription };
  report: { takes: null; gives: ModuleReport };
}

/** The records are those of `SigningRequest.bindingRecords`. */
export type SignItem = readonly [kid: string, signingInput: string, bindingRecords?: readonly string[]];

export type Operation = keyof Operations;

/** One of a batch: a signature in JOSE form, or why there is none. */
export type SignOutcome = Uint8Array | Failure;

export interface Failure {
  readonly code: ErrorCode;
  /** For callers; it names nothing internal. */
  readonly message: string;
  /** For operators: what the module answered to which function, or what the system said of a file. */
  readonly detail?: string;
  /** The module's return value, where it gave one. */
  readonly ckr?: number;
  /** What the front does about it: PKCS11.md rule 7. */
  readonly remedy?: Remedy;
}

/** `retry`: the call may be repeated; `replace`: this process is spent, start another; `stop`: hands needed. */
export type Remedy = 'retry' | 'replace' | 'stop';

export type Request = { [K in Operation]: { id: number; op: K; takes: Operations[K]['takes'] } }[Operation];

export type Reply =
  | { readonly id: number; readonly gives: Operations[Operation]['gives'] }
  | { readonly id: number; readonly failure: Failure };

/** Log lines of the child travel as messages, so that one logger with one redaction writes them all. */
export interface LogLine {
  readonly log: 'info' | 'warn' | 'error' | 'fatal';
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** How the message begins that says of a module that it answers and does not show the token. */
export const TOKEN_ABSENT = 'the HSM token is not present';

/** Writes one line through the front's logger. `details` holds no secret. */
export type Log = (level: LogLine['log'], message: string, details: LogLine['details']) => void;
