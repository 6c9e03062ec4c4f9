import type { Scope } from '../kernel/scope.ts';

/** The latest `iat` that a token made until now may have: a caller that dates its own may be ahead by the skew. */
export function latestIat(scopes: readonly Scope[], scopeId: string | null, now: number): number {
  const ahead = scopes
    .filter(({ id, policy }) => policy.externalClaims && (scopeId === null || scopeId === id))
    .map(({ policy }) => policy.clockSkewSeconds);
  return now + Math.max(0, ...ahead);
}
