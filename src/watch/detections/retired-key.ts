import type { GenuineFact } from '../../kernel/activity.ts';
import { securityEvent } from '../../kernel/security-events.ts';
import { stateless } from '../detection.ts';

/**
 * A key signed outside its window: no honest token is dated so, whatever else it was refused for. An old token of a
 * retired key is none of this, however often it is shown.
 */
export const retiredKey = stateless('retired-key', (fact) => {
  if (fact.kind !== 'verified' || !fact.token) return undefined;
  const { kid, keyState, digest, claims, signUntil, recorded } = fact.token;
  const iat = Number(claims.iat);
  if (isWithin(fact.token, iat)) return undefined;
  return securityEvent('token.retired_key', {
    scope: fact.scope,
    kid,
    key_state: keyState,
    client: fact.client,
    digest,
    iat: Number.isFinite(iat) ? iat : null,
    sign_until: signUntil,
    recorded,
    claims,
  });
});

function isWithin({ signFrom, signUntil }: GenuineFact, iat: number): boolean {
  return signFrom !== null && iat >= signFrom && iat <= signUntil;
}
