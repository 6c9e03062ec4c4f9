import { RESERVED_CLAIMS } from '../kernel/claim-names.ts';
import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import { CALLER_JTI_LENGTH } from '../kernel/issuance.ts';
import type { SigningKey } from '../kernel/key.ts';
import type { Scope } from '../kernel/scope.ts';
import { isAccessTokenType } from '../token/check-claims.ts';
import { isCount } from '../token/claim-checks.ts';
import {
  MAX_JSON_DEPTH,
  type Malformed,
  parseSigningInput,
  type SignedContent,
  type TokenHeader,
} from '../token/parse-token.ts';
import { checkCallerClaims, EXACT_NUMBERS, requireSubject, requireThat } from './caller-claims.ts';
import { longestTtl, refuseTooLong, type TokenDraft } from './compose-token.ts';

type Claims = Readonly<Record<string, unknown>>;
type Reserved = Pick<TokenDraft, 'iat' | 'exp' | 'jti'>;

/** The claims that Keyward writes where it may: here a caller did, and may say nothing else. */
function checkReservedClaims(claims: Claims, scope: Scope, key: SigningKey, now: number): Reserved {
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
  requireThat(isCount(iat), 'invalid_claims', 'claims.iat: use whole seconds since 1970');
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
  requireThat(isCount(exp), 'invalid_claims', 'claims.exp: use whole seconds since 1970');
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
  requireThat(isCount(nbf), 'invalid_claims', 'claims.nbf: use whole seconds since 1970');
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

/** Read as strictly as a token is, with the very header that Keyward would write now. */
function readSigningInput(signingInput: string, scope: Scope, key: SigningKey): SignedContent {
  const parsed = parseSigningInput(signingInput);
  if (!parsed.ok) throw flawed(parsed.problem);
  requireOwnHeader(parsed.token.header, scope, key);
  return parsed.token;
}

function requireOwnHeader(header: TokenHeader, { policy }: Scope, { kid, binding }: SigningKey): void {
  const ours = Object.keys(header).every((name) => HEADER_MEMBERS.has(name));
  requireThat(ours, 'wrong_header', `signing_input: ${ONLY_HEADERS}`);
  requireThat(header.alg === binding.algorithm, 'wrong_algorithm', `header.alg: use ${binding.algorithm}`);
  const types: readonly unknown[] = policy.tokenTypes.map((type) => (type === 'untyped' ? undefined : type));
  requireThat(
    types.includes(header.typ),
    'token_type_not_allowed',
    `header.typ: the policy of this scope allows ${policy.tokenTypes.join(', ')}`,
  );
  requireThat(
    header.kid === kid,
    'kid_not_active',
    `header.kid: ${kid} signs now; write the token again with it, and with a new jti`,
  );
}

const HEADER_MEMBERS: ReadonlySet<string> = new Set(['alg', 'kid', 'typ']);
const ONLY_HEADERS = 'the header holds alg, kid and typ, and nothing else';

function flawed(problem: Malformed['problem']): KeywardError {
  const [code, advice] = FLAWS[problem];
  return new KeywardError(code, `signing_input: ${advice}`);
}

const FLAWS = {
  not_text: ['malformed_signing_input', 'use a string'],
  not_compact: ['malformed_signing_input', 'use header and claims in base64url with a dot between them'],
  not_base64url: ['malformed_signing_input', 'use base64url without padding, its unused bits zero'],
  not_utf8: ['malformed_signing_input', 'use UTF-8'],
  not_json: ['malformed_signing_input', 'header and claims are JSON'],
  not_object: ['malformed_signing_input', 'header and claims are a JSON object each'],
  duplicate_member: ['malformed_signing_input', 'a member stands twice in one object'],
  lookalike_members: ['malformed_signing_input', 'two members of one object differ in spelling alone'],
  forbidden_member: ['malformed_signing_input', 'no member may be called __proto__ or hold U+0000'],
  inexact_number: ['invalid_claims', EXACT_NUMBERS],
  misleading_header: ['wrong_header', ONLY_HEADERS],
  misleading_member: ['invalid_claims', 'write registered names as they are registered'],
  too_long: ['claims_too_large', 'send fewer claims'],
  too_many_values: ['claims_too_large', 'send fewer claims'],
  too_deep: ['claims_too_deep', `claims may nest ${MAX_JSON_DEPTH} levels`],
  suspicious_header: ['wrong_header', ONLY_HEADERS],
  alg_missing: ['wrong_algorithm', 'the header names no alg'],
  kid_missing: ['wrong_header', 'the header names no kid'],
} as const satisfies Record<Malformed['problem'], readonly [ErrorCode, string]>;

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
