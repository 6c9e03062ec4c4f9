import type { Actor } from '../../kernel/actor.ts';
import type { WantedCanary } from '../../kernel/canary.ts';
import type { TokenIssuer } from '../../kernel/issuance.ts';
import type { Revoker } from '../../kernel/revocation.ts';
import { digestOfToken } from './digest-of-token.ts';

/**
 * A token like any other, recorded (I5), and revoked before anybody has it: whoever it is shown to refuses it, or does
 * not ask.
 */
export async function issueDecoy(
  { issuer, revocations }: { readonly issuer: TokenIssuer; readonly revocations: Revoker },
  { scopeId, clientId, claims, ttlSeconds }: Extract<WantedCanary, { kind: 'token' }>,
  actor: Actor,
): Promise<{ readonly digest: Buffer; readonly token: string }> {
  const { token, jti, exp } = await issuer.issue({ scopeId, clientId, claims, ttlSeconds });
  await revocations.revokeToken({ scopeId, jti, exp }, actor);
  return { digest: digestOfToken(token), token };
}
