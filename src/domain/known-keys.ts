import type { SigningKey } from './key.ts';

/**
 * What the last read-back said of a key (I7). `missing`: the HSM did not show it, so it does not sign, while its
 * public half still verifies. `unchecked`: not read back since the start, with the HSM away or because the
 * key's state calls for none.
 */
export const PROOF_STATUSES = ['proven', 'unproven', 'missing', 'unchecked'] as const;
export type ProofStatus = (typeof PROOF_STATUSES)[number];

export interface KnownKey {
  readonly key: SigningKey;
  readonly proof: { readonly status: ProofStatus; readonly reasons: readonly string[] };
}

/** A key row that was left out when it was loaded, because the places that bind it disagree (I1). */
export interface RefusedKey {
  readonly kid: string;
  readonly scopeId: string;
  readonly why: string;
}

/** Keys as the security team sees them: those that are kept out of service too, and why. */
export interface KnownKeys {
  /** All keys of one scope that are not destroyed, newest first. */
  knownKeysOf(scopeId: string): readonly KnownKey[];
  /** Of whatever scope, the destroyed ones too. */
  knownKey(kid: string): KnownKey | undefined;
  refusedKeys(): readonly RefusedKey[];
}
