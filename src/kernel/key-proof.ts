import type { Actor } from './actor.ts';
import type { Algorithm } from './algorithm.ts';
import type { Binding, KnownKey, PublicJwk } from './key.ts';
import type { KeyEvidence, TokenDescription } from './signer.ts';

/**
 * What a private key must be to serve (I7): born in the HSM, never out, sign-only, never to be changed or copied.
 * By PKCS#11 names, without `CKA_`.
 */
export const REQUIRED_ATTRIBUTES = {
  TOKEN: true,
  PRIVATE: true,
  LOCAL: true,
  SENSITIVE: true,
  ALWAYS_SENSITIVE: true,
  NEVER_EXTRACTABLE: true,
  EXTRACTABLE: false,
  MODIFIABLE: false,
  COPYABLE: false,
  SIGN: true,
  SIGN_RECOVER: false,
  DECRYPT: false,
  UNWRAP: false,
  DERIVE: false,
} as const satisfies Readonly<Record<string, boolean>>;

/** Attributes as they were read, by their PKCS#11 names; null where the module would not answer. */
export type AttributesRead = Readonly<Record<string, boolean | string | number | null>>;

export function areAsRequired(attributes: AttributesRead): boolean {
  return Object.entries(REQUIRED_ATTRIBUTES).every(
    ([name, required]) => attributes[`CKA_${name}`] === required,
  );
}

/** What a key says of itself: composed by the signer from what it read in the HSM, and signed with the key. */
export interface KeyProofStatement {
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** `CKA_ID`, hex. */
  readonly hsmId: string;
  /** SHA-256 of the binding record that it was held against, base64url. */
  readonly bindingDigest: string;
  readonly attributes: AttributesRead;
  readonly mechanism: { readonly name: string; readonly number: number };
  readonly token: ProvingToken;
  /** The asker's own, so that nobody can show an older statement for it. */
  readonly nonce: string;
  /** By the signer's clock, seconds since the epoch. */
  readonly iat: number;
}

export interface ProvingToken {
  readonly label: string;
  readonly serial: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
}

/** A statement for an auditor, once everything in it was verified. */
export interface KeyEvidenceStatement {
  readonly proof: KeyProofStatement;
  readonly binding: Binding;
  readonly publicJwk: PublicJwk;
  /** What the registry said of it. */
  readonly state: string;
  /** The HSM token's name in the configuration. */
  readonly hsmToken: string;
  readonly iat: number;
}

/** What there is to show of one key, to whoever asks for proof. */
export interface ProvenKey extends KeyEvidence {
  readonly known: KnownKey;
  readonly nonce: string;
  /** Compact JWS of typ `kw-evidence+jwt` by the audit key; null where the key is not proven. */
  readonly evidence: string | null;
  /** Who signed the evidence, and who the binding record: to be believed by their thumbprints alone. */
  readonly auditJwk: PublicJwk;
  readonly bindingJwk: PublicJwk;
}

export interface KeyProver {
  /** Reads the key anew in the HSM; one that is not as it must be stops serving. `unknown_key`, `hsm_unavailable`. */
  prove(kid: string, nonce: string, actor: Actor): Promise<ProvenKey>;
}

/**
 * `missing`: a half of a key that should be there is not. `unexpected`: an object that no row of the registry
 * accounts for; it is reported and never adopted. `not_destroyed`: a half of a key that was destroyed.
 * `duplicate`: more than one half of a kind under the id of a key. `public_key_differs`, `changed`: the key under
 * the id is another, or not as it must be. `leftover`: what a generation that was cut short has left under an id
 * that is reserved. `decoy`: a decoy key is not as it was left.
 */
export const FINDING_KINDS = [
  'missing',
  'unexpected',
  'not_destroyed',
  'duplicate',
  'public_key_differs',
  'changed',
  'leftover',
  'decoy',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** One difference between what is in an HSM token and what is in the registry. */
export interface InventoryFinding {
  readonly kind: FindingKind;
  /** `CKA_ID`, hex; null for an object without one. */
  readonly hsmId: string | null;
  /** Of the registry's key, or of a public key that was found. */
  readonly kid: string | null;
  readonly scopeId: string | null;
  /** Sentences for people. */
  readonly details: readonly string[];
}

export interface InventoryReport {
  readonly hsmToken: string;
  readonly takenAt: number;
  readonly token: TokenDescription;
  /** All objects of the token that the user can see. */
  readonly objects: number;
  /** Keys that should be on it, and those of them that are as they must be. */
  readonly expected: number;
  readonly proven: number;
  readonly findings: readonly InventoryFinding[];
  /** Findings past the limit, which are counted and not listed. */
  readonly omitted: number;
}

/** What is in the HSM tokens, held against the registry. */
export interface Inventories {
  readonly hsmTokens: readonly string[];
  /** The newest of each token; none before the first. */
  latest(): readonly InventoryReport[];
  /**
   * Looks now, through a process that has just opened the token; a look that is under way is joined.
   * `unknown_hsm_token`, `hsm_unavailable`.
   */
  take(hsmToken: string): Promise<InventoryReport>;
}
