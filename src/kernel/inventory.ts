import type { TokenDescription } from './signer.ts';

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
