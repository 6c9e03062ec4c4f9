import { RESERVED_CLAIMS } from '../kernel/issuance.ts';
import type { SigningKey } from '../kernel/key.ts';
import type { Scope } from '../kernel/scope.ts';
import { isAccessTokenType } from '../token/check-type.ts';
import type { SignedContent } from '../token/parse-token.ts';
import { checkCallerClaims, requireSubject } from './caller-claims.ts';
import { checkReservedClaims } from './check-reserved-claims.ts';
import { readSigningInput } from './read-signing-input.ts';
import { requireThat } from './require-that.ts';
import { refuseTooLong, type TokenDraft } from './token-draft.ts';

/**
 * Holds a caller's own signing input against all that Keyward would have written itself (I2's exception). Nothing
 * of it is changed: the signature is over these very characters. Each way to be refused has its own code.
 */
export function checkSigningInput(
  signingInput: string,
  scope: Scope,
  key: SigningKey,
  now: number,
): TokenDraft {
  requireExternalClaims(scope);
  refuseTooLong(signingInput);
  const content = readSigningInput(signingInput, scope, key);
  const reserved = checkReservedClaims(content.claims, scope, key, now);
  return { signingInput, ...reserved, ...checkOtherClaims(content, scope) };
}

export function requireExternalClaims({ policy }: Scope): void {
  requireThat(
    policy.externalClaims,
    'external_claims_off',
    'the policy of this scope does not let callers write all claims: ask for a token at /tokens',
  );
}

const reservedClaims: readonly string[] = RESERVED_CLAIMS;

/** What any caller may write, with the limits that there are for any caller. */
function checkOtherClaims({ header, claims }: SignedContent, scope: Scope) {
  const others = Object.entries(claims).filter(([name]) => !reservedClaims.includes(name));
  const { subject, root, namesClient } = checkCallerClaims(Object.fromEntries(others), scope);
  if (isAccessTokenType(header.typ)) {
    requireSubject(subject);
    requireThat(
      namesClient,
      'invalid_claims',
      'claims.client_id: an access token names its client (RFC 9068)',
    );
  }
  return { subject, root };
}
