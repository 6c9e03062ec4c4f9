import type { ErrorCode } from '../domain/errors.ts';
import type { PublicJwk } from '../domain/key.ts';
import type { PinMark } from '../domain/leaks.ts';
import type {
  GeneratedKey,
  InventoryObject,
  KeyEvidence,
  KeyProof,
  KeyReference,
  KeySpecification,
  TokenDescription,
} from '../domain/signer.ts';

/** What the signer is told once, before anything else. Paths are absolute; the PIN never travels. */
export interface SignerSettings {
  readonly modulePath: string;
  readonly tokenLabel: string;
  readonly tokenSerial: string;
  readonly pinFile: string;
  /** Keeps the fate of the last PIN attempt across restarts (I9). */
  readonly latchFile: string;
  /** Whether a token that is a program is refused. */
  readonly hardwareOnly: boolean;
  /** Upper limit; the token's own limit less one is the other. */
  readonly sessions: number;
  /**
   * Thumbprint of the registry key as the configuration has it: on the first token, the root of all binding
   * records. Null on the others and while `keyward init` makes it.
   */
  readonly registryKid: string | null;
  /** The same for the audit key. Without it the signer signs no checkpoint; all else goes on. */
  readonly auditKid: string | null;
  /** On a further token, the key that takes the registry key's part for the binding records of the keys there. */
  readonly bindingKid: string | null;
  /** On the first token, the public halves of the others' binding keys: key sets may hold keys from there. */
  readonly otherBindingKeys: readonly PublicJwk[];
}

/** The service's own keys on the token, as the configuration names them. */
export type ServiceKids = Pick<SignerSettings, 'registryKid' | 'auditKid' | 'bindingKid'>;

/** Labels of the service's own keys in the HSM. */
export const REGISTRY_LABEL = 'kw1.registry';
export const AUDIT_LABEL = 'kw1.audit';
export const BINDING_LABEL = 'kw1.binding';

export const SERVICE_LABELS = {
  registryKid: REGISTRY_LABEL,
  auditKid: AUDIT_LABEL,
  bindingKid: BINDING_LABEL,
} as const satisfies Record<keyof ServiceKids, string>;

/** Each operation with what it takes and what it answers. */
export interface Operations {
  open: { takes: SignerSettings; gives: TokenDescription };
  sign: { takes: readonly SignItem[]; gives: readonly SignOutcome[] };
  generate: { takes: KeySpecification; gives: GeneratedKey };
  serve: { takes: readonly KeyReference[]; gives: readonly KeyProof[] };
  prove: { takes: { readonly key: KeyReference; readonly nonce: string }; gives: KeyEvidence };
  inventory: { takes: null; gives: readonly InventoryObject[] };
  discard: { takes: { hsmId: string }; gives: null };
  destroy: { takes: { hsmId: string; kid: string }; gives: null };
  describe: { takes: null; gives: TokenDescription };
  pinMark: { takes: null; gives: PinMark };
  /** As `sealed-box` and `pin-candidates` have it. */
  comparePins: {
    takes: { readonly sealed: Uint8Array };
    gives: { readonly compared: number; readonly matches: readonly number[] };
  };
}

/** The records are those of `SigningRequest.bindingRecords`. */
export type SignItem = readonly [kid: string, signingInput: string, bindingRecords?: readonly string[]];

export type Operation = keyof Operations;

/** One of a batch: a signature in JOSE form, or why there is none. */
export type SignOutcome = Uint8Array | Failure;

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
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
