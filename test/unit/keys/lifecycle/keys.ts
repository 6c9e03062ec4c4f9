import type { KeyState, SigningKey } from '../../../../src/kernel/key.ts';
import { DEFAULT_POLICY } from '../../../../src/kernel/policy.ts';
import type { ScopeKeys } from '../../../../src/keys/lifecycle/plans.ts';
import { aScope, aSigningKey, softwareKey } from '../../../support/software-keys.ts';

export const NOW = 1_800_000_000;
export const DAY = 86_400;
export const GRACE = 3_600;
export const POLICY = DEFAULT_POLICY;
/** What a policy asks a standby to be published for: 300 + 3600 + 30 seconds. */
export const PROPAGATION = 3_930;
export const SCOPE = aScope({ id: 'payments' });
export const GIVEN = { now: NOW, graceSeconds: GRACE };

/** Pairs are slow to make and the same for every plan. */
const PAIRS = Array.from({ length: 12 }, () => softwareKey('ES256'));

/** The nth key, in that state, with a window that is half over where it has begun. */
export function aKey(n: number, state: KeyState, changes: Partial<SigningKey> = {}): SigningKey {
  const pair = PAIRS[n % PAIRS.length] ?? softwareKey('ES256');
  const key = aSigningKey(SCOPE, pair, {
    state,
    signFrom: state === 'pre_activation' ? null : NOW - 7 * DAY,
    signUntil: state === 'pre_activation' ? NOW + 28 * DAY : NOW + 7 * DAY,
    publishedAt: NOW - 8 * DAY,
    createdAt: NOW - 8 * DAY,
    ...changes,
  });
  return n < PAIRS.length ? key : { ...key, kid: `${key.kid.slice(0, -4)}${String(n).padStart(4, '0')}` };
}

export function within(...keys: readonly SigningKey[]): ScopeKeys {
  return {
    scope: SCOPE,
    keys,
    serves: () => true,
    proofOf: () => 'proven',
    awaySeconds: () => 0,
    isTokenCompromised: () => false,
  };
}
