import type { Clock } from '../kernel/clock.ts';
import { type KeyState, type SigningKey, verifyUntil } from '../kernel/key.ts';
import { isOfTheFuture } from '../kernel/key-lifecycle/window.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { Scope } from '../kernel/scope.ts';
import { composePublishedKey, composePublishedPolicy } from '../token/published-key-set.ts';

const PUBLISHED_STATES = new Set<KeyState>(['pre_activation', 'active', 'deactivated']);

/** The keys of one scope that a verifier should hold now (DESIGN §6). */
export function publishedKeys(keyRing: KeyRing, scope: Scope, clock: Clock): readonly SigningKey[] {
  const now = clock.nowSeconds();
  const { clockSkewSeconds } = scope.policy;
  return keyRing
    .keysOf(scope.id)
    .filter((key) => PUBLISHED_STATES.has(key.state) && now <= verifyUntil(key, clockSkewSeconds))
    .filter((key) => !isOfTheFuture(key, now));
}

/**
 * RFC 7517 §5, with the bounds of each key, `nbf` and `exp` as OpenID Federation means them, and the part of the
 * policy that a verifier obeys. Libraries that know neither ignore both.
 */
export function composeKeySet(keys: readonly SigningKey[], { policy }: Scope) {
  return {
    keys: keys.map(({ kid, binding, publicJwk, publishedAt, signFrom, signUntil, ...key }) =>
      composePublishedKey({
        kid,
        algorithm: binding.algorithm,
        publicJwk,
        publishedAt,
        signFrom: signFrom === null ? null : Math.max(signFrom, binding.signFrom),
        signUntil: Math.min(signUntil, binding.signUntil),
        verifyUntil: verifyUntil({ ...key, signUntil, binding }, policy.clockSkewSeconds),
      }),
    ),
    kw_policy: composePublishedPolicy(policy),
  };
}
