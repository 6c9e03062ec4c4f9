import { KeywardError } from '../kernel/errors.ts';
import type { SigningKey } from '../kernel/key.ts';
import type { Scope } from '../kernel/scope.ts';
import { MAX_TOKEN_LENGTH } from '../token/parse-token.ts';

/** What will be signed, and what the ledger will say of it. */
export interface TokenDraft {
  readonly signingInput: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly subject: string | null;
  readonly root: string | null;
}

/** A key keeps the longest life it was bound with, also where the policy was widened since (DESIGN §6). */
export function longestTtl(scope: Scope, key: SigningKey): number {
  return Math.min(scope.policy.maxTtlSeconds, key.binding.maxTtlSeconds);
}

/** The dot and the longest signature, of RSA with 4096 bits. */
const SIGNATURE_LENGTH = 1 + Math.ceil((4096 / 8) * (4 / 3));

/** A long issuer and audience may take what the claims would need: verifiers refuse longer tokens. */
export function refuseTooLong(signingInput: string): void {
  if (signingInput.length + SIGNATURE_LENGTH <= MAX_TOKEN_LENGTH) return;
  throw new KeywardError(
    'claims_too_large',
    `the token would exceed ${MAX_TOKEN_LENGTH} bytes: send fewer claims`,
  );
}
