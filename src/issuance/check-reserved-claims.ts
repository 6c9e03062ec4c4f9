import { CALLER_JTI_LENGTH } from '../kernel/issuance.ts';
import type { SigningKey } from '../kernel/key.ts';
import type { Scope } from '../kernel/scope.ts';
import { requireThat } from './require-that.ts';
import { longestTtl, type TokenDraft } from './token-draft.ts';

type Claims = Readonly<Record<string, unknown>>;
type Reserved = Pick<TokenDraft, 'iat' | 'exp' | 'jti'>;

/** The claims that Keyward writes where it may: here a caller did, and may say nothing else. */
export function checkReservedClaims(claims: Claims, scope: Scope, key: SigningKey, now: number): Reserved {
  requireThat(claims.iss === scope.issuer, 'wrong_issuer', `claims.iss: use ${scope.issuer}, as one string`);
  requireThat(
    claims.aud === scope.audience,
    'wrong_audience',
    `claims.aud: use ${scope.audience}, as one string`,
  );
  const iat = checkIssue(claims.iat, scope, key, now);
  const exp = checkExpiry(claims.exp, iat, longestTtl(scope, key), now);
  const jti = checkJti(claims.jti);
  if (Object.hasOwn(claims, 'nbf')) checkStart(claims.nbf, iat);
  return { iat, exp, jti };
}

/** Within the skew of now, and within the window of registry and binding record both. */
function checkIssue(
  iat: unknown,
  { policy }: Scope,
  { binding, signFrom, signUntil }: SigningKey,
  now: number,
) {
  requireThat(isTime(iat), 'invalid_claims', 'claims.iat: use whole seconds since 1970');
  requireThat(
    Math.abs(iat - now) <= policy.clockSkewSeconds,
    'iat_out_of_skew',
    `claims.iat: use the present time; it is ${now} here, and ${policy.clockSkewSeconds} s of skew are allowed`,
  );
  const from = Math.max(signFrom ?? binding.signFrom, binding.signFrom);
  const until = Math.min(signUntil, binding.signUntil);
  requireThat(
    iat >= from && iat <= until,
    'iat_outside_window',
    `claims.iat: the key signs what is dated from ${from} to ${until}`,
  );
  return iat;
}

function checkExpiry(exp: unknown, iat: number, longest: number, now: number): number {
  requireThat(isTime(exp), 'invalid_claims', 'claims.exp: use whole seconds since 1970');
  requireThat(
    exp - iat >= 1 && exp - iat <= longest,
    'ttl_out_of_policy',
    `claims.exp: use a time from 1 to ${longest} s after iat`,
  );
  requireThat(exp > now, 'already_expired', `claims.exp: it is ${now} here; use a later time`);
  return exp;
}

/** Nothing is issued for later: by then another key may sign. */
function checkStart(nbf: unknown, iat: number): void {
  requireThat(isTime(nbf), 'invalid_claims', 'claims.nbf: use whole seconds since 1970');
  requireThat(nbf <= iat, 'nbf_after_iat', 'claims.nbf: must not lie after iat');
}

const PRINTABLE = /^[!-~]+$/;

function checkJti(jti: unknown): string {
  const { min, max } = CALLER_JTI_LENGTH;
  requireThat(
    typeof jti === 'string' && jti.length >= min && jti.length <= max && PRINTABLE.test(jti),
    'invalid_jti',
    `claims.jti: use ${min} to ${max} printable ASCII characters without spaces, 128 bits of them random`,
  );
  return jti;
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
