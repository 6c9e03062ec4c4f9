import type { TokenVerifier } from '../../src/kernel/verification.ts';
import { createTokenJudge, type JudgingParts } from '../../src/verification/judge-token.ts';

/** The verdict on a token by itself: what the ledger and the revocations would add is left out. */
export function judgingVerifier(parts: JudgingParts): TokenVerifier {
  const judge = createTokenJudge(parts);
  return { verify: async (scopeId, token) => (await judge(scopeId, token)).verdict };
}
