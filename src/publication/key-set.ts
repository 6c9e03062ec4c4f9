import type { Clock } from '../domain/clock.ts';
import { type KeyState, type SigningKey, verifyUntil } from '../domain/key.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { Scope } from '../domain/scope.ts';

const PUBLISHED_STATES = new Set<KeyState>(['pre_activation', 'active', 'deactivated']);

/** The keys of one scope that a verifier should hold now (DESIGN §6). */
export function publishedKeys(keyRing: KeyRing, scope: Scope, clock: Clock): readonly SigningKey[] {
  const now = clock.nowSeconds();
  const { clockSkewSeconds } = scope.policy;
  return keyRing
    .keysOf(scope.id)
    .filter((key) => PUBLISHED_STATES.has(key.state) && now <= verifyUntil(key, clockSkewSeconds));
}

/** RFC 7517 §5, with the bounds of each key: `nbf` and `exp` as OpenID Federation means them. */
export function composeKeySet(keys: readonly SigningKey[], scope: Scope) {
  return {
    keys: keys.map((key) => ({
      ...key.publicJwk,
      kid: key.kid,
      use: 'sig',
      alg: key.binding.algorithm,
      nbf: key.publishedAt,
      exp: verifyUntil(key, scope.policy.clockSkewSeconds),
      kw_sign_until: key.signUntil,
    })),
  };
}
