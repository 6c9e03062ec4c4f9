import type { TokenVerifier } from '../../src/kernel/verification.ts';
import { createTokenCheck, type TokenCheckDeps } from '../../src/verification/check-token.ts';

/** The verdict on a token by itself: what the ledger and the revocations would add is left out. */
export function judgingVerifier(parts: TokenCheckDeps): TokenVerifier {
  const judge = createTokenCheck(parts);
  return { verify: async (scopeId, token) => (await judge(scopeId, token)).verdict };
}
