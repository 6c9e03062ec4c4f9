import { type KeyState, type SigningKey, verifyUntil } from '../kernel/key.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { RefusalReason } from '../kernel/verification.ts';
import type { Scope } from '../kernel/scope.ts';

const REFUSED_STATES = new Map<KeyState, RefusalReason>([
  ['suspended', 'key_suspended'],
  ['compromised', 'key_compromised'],
  ['destroyed', 'key_retired'],
  // A standby has signed nothing yet: whatever bears its name was dated outside its window.
  ['pre_activation', 'outside_signing_window'],
]);

/** The scope's own key of that `kid`, or why there is none. Another scope's key is never returned (I4). */
export function findKey(keyRing: KeyRing, scope: Scope, kid: string): SigningKey | RefusalReason {
  const [key, twin] = keyRing.keysOf(scope.id).filter((candidate) => candidate.kid === kid);
  if (twin) return 'unknown_key';
  if (key) return key;
  const elsewhere = keyRing.keyNamed(kid);
  if (!elsewhere) return 'unknown_key';
  return elsewhere.scopeId === scope.id ? elsewhere : 'wrong_scope';
}

/** Why nothing of the key is accepted at that time, whatever the token says. */
export function refusalOfKey(key: SigningKey, scope: Scope, now: number): RefusalReason | undefined {
  const refused = REFUSED_STATES.get(key.state);
  if (refused) return refused;
  return now > verifyUntil(key, scope.policy.clockSkewSeconds) ? 'key_retired' : undefined;
}

/** A key may have been suspended or declared compromised since it was looked up. */
export function refusalOfKeyNow(
  keyRing: KeyRing,
  { scope, key }: { readonly scope: Scope; readonly key: SigningKey },
  now: number,
): RefusalReason | undefined {
  const current = findKey(keyRing, scope, key.kid);
  return typeof current === 'string' ? current : refusalOfKey(current, scope, now);
}
