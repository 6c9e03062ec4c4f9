import { KeywardError } from '../kernel/errors.ts';
import { verifySignature } from '../token/signature.ts';
import type { ClaimedKeyToken, SignedToken } from './judge-token.ts';
import type { LedgerResult } from './verified-fact.ts';

export interface Examined extends SignedToken {
  /** Undefined where the ledger could not be asked. */
  readonly recalled: LedgerResult | undefined;
}

/**
 * A token that is refused for its key whatever else it is: if that key signed it, it tells of more than a mistake.
 * Undefined where it did not. Nothing here changes the answer, so a ledger that is away is no failure.
 */
export async function examine(
  of: ClaimedKeyToken,
  recall: () => Promise<LedgerResult>,
): Promise<Examined | undefined> {
  const { key, token } = of;
  const { algorithm } = key.binding;
  if (token.header.alg !== algorithm) return undefined;
  if (!(await verifySignature(algorithm, key.publicKey, token.signingInput, token.signature)))
    return undefined;
  try {
    return { ...of, recalled: await recall() };
  } catch (error) {
    if (error instanceof KeywardError) return { ...of, recalled: undefined };
    throw error;
  }
}
