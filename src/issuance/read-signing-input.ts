import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import type { SigningKey } from '../kernel/key.ts';
import type { Scope } from '../kernel/scope.ts';
import {
  MAX_JSON_DEPTH,
  type Malformed,
  parseSigningInput,
  type SignedContent,
  type TokenHeader,
} from '../token/parse-token.ts';
import { EXACT_NUMBERS } from './caller-claims.ts';
import { requireThat } from './require-that.ts';

/** Read as strictly as a token is, with the very header that Keyward would write now. */
export function readSigningInput(signingInput: string, scope: Scope, key: SigningKey): SignedContent {
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
  forbidden_member: ['malformed_signing_input', 'no member may be called __proto__'],
  inexact_number: ['invalid_claims', EXACT_NUMBERS],
  misleading_header: ['wrong_header', ONLY_HEADERS],
  misleading_member: ['invalid_claims', 'write registered names as they are registered, in lower case'],
  too_long: ['claims_too_large', 'send fewer claims'],
  too_many_values: ['claims_too_large', 'send fewer claims'],
  too_deep: ['claims_too_deep', `claims may nest ${MAX_JSON_DEPTH} levels`],
  suspicious_header: ['wrong_header', ONLY_HEADERS],
  alg_missing: ['wrong_algorithm', 'the header names no alg'],
  kid_missing: ['wrong_header', 'the header names no kid'],
} as const satisfies Record<Malformed['problem'], readonly [ErrorCode, string]>;
