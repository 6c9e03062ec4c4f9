import type { SigningKey } from '../kernel/key.ts';
import type { KeyRing } from './key-ring.ts';

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

/** The active keys that their signers lack, or that are not proven: their scopes get no tokens. */
export function lackedKeys(keyRing: Pick<KeyRing, 'scopes'> & Pick<KnownKeys, 'knownKeysOf'>): KnownKey[] {
  return keyRing
    .scopes()
    .flatMap(({ id }) => keyRing.knownKeysOf(id))
    .filter(({ key, proof }) => key.state === 'active' && LACKED.has(proof.status));
}

/** The scopes that have an active key, and those of them whose signer lacks it. */
export function signingScopes(keyRing: Pick<KeyRing, 'scopes'> & Pick<KnownKeys, 'knownKeysOf'>): {
  readonly signing: number;
  readonly lacking: readonly string[];
} {
  const lacking = lackedKeys(keyRing).map(({ key }) => key.scopeId);
  const active = keyRing
    .scopes()
    .filter(({ id }) => keyRing.knownKeysOf(id).some(({ key }) => key.state === 'active'));
  return { signing: active.length, lacking };
}

const LACKED: ReadonlySet<ProofStatus> = new Set(['missing', 'unproven']);

/** Keys as the security team sees them: those that are kept out of service too, and why. */
export interface KnownKeys {
  /** All keys of one scope that are not destroyed, newest first. */
  knownKeysOf(scopeId: string): readonly KnownKey[];
  /** Of whatever scope, the destroyed ones too. */
  knownKey(kid: string): KnownKey | undefined;
  refusedKeys(): readonly RefusedKey[];
}
