import type { Clock } from '../kernel/clock.ts';
import { type KeyRing, requireScope } from '../kernel/key.ts';
import { POLICY_BOUNDS } from '../kernel/policy.ts';
import type { Revoker, TokenRevocation } from '../kernel/revocation.ts';
import { parseToken } from '../token/parse-token.ts';
import { verifySignature } from '../token/signature.ts';
import { findKey } from '../verification/check-token.ts';

interface TokenRevocationDeps {
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly revocations: Revoker;
}

/** The standing of the key does not count: a suspended one may come back, and its tokens with it. */
export function createTokenRevocation({ keyRing, clock, revocations }: TokenRevocationDeps): TokenRevocation {
  return {
    async revoke(scopeId, presented, actor) {
      const claims = await signedClaims(keyRing, scopeId, presented);
      if (!claims) return;
      const { jti, exp } = claims;
      if (typeof jti !== 'string' || typeof exp !== 'number') return;
      if (exp + POLICY_BOUNDS.clockSkewSeconds[1] < clock.nowSeconds()) return;
      await revocations.revokeToken({ scopeId, jti, exp: Math.ceil(exp) }, actor);
    },
  };
}

async function signedClaims(keyRing: KeyRing, scopeId: string, presented: string) {
  const scope = requireScope(keyRing, scopeId);
  const parsed = parseToken(presented);
  if (!parsed.ok) return undefined;
  const { header, claims, signingInput, signature } = parsed.token;
  const key = findKey(keyRing, scope, header.kid);
  if (typeof key === 'string' || header.alg !== key.binding.algorithm) return undefined;
  const right = await verifySignature(key.binding.algorithm, key.publicKey, signingInput, signature);
  return right ? claims : undefined;
}
