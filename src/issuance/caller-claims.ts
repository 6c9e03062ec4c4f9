import { firstMistakenClaim, foldName, RESERVED_CLAIMS, readsAsReserved } from '../kernel/claim-names.ts';
import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import type { ScopePolicy } from '../kernel/policy.ts';
import type { Scope } from '../kernel/scope.ts';
import { exceedsDepth, holdsInexactNumber } from '../token/strict-json.ts';

export function requireThat(holds: boolean, code: ErrorCode, advice: string): asserts holds {
  if (!holds) throw new KeywardError(code, advice);
}

const MAX_CLAIMS_BYTES = 4_096;
export const MAX_CLAIMS_DEPTH = 16;

/** To whoever sent a number that verifiers would read differently. */
export const EXACT_NUMBERS =
  'claims: send a number beyond 2⁵³, or of more digits than a double holds, as text';

interface CheckedClaims {
  /** The claims as they will stand in the token. */
  readonly json: string;
  readonly subject: string | null;
  /** Of the claim that the policy names as the root event. */
  readonly root: string | null;
  readonly namesClient: boolean;
}

/** Holds a caller's claims against I2, the limits and the scope's policy. */
export function checkCallerClaims(claims: Readonly<Record<string, unknown>>, scope: Scope): CheckedClaims {
  if (Object.keys(claims).some(readsAsReserved)) {
    const written = RESERVED_CLAIMS.join(', ');
    throw new KeywardError(
      'reserved_claim',
      `leave out ${written}, also in other spellings: Keyward writes them`,
    );
  }
  if (exceedsDepth(claims, MAX_CLAIMS_DEPTH)) {
    throw new KeywardError('claims_too_deep', `claims may nest ${MAX_CLAIMS_DEPTH} levels`);
  }
  requireOneReading(claims, scope);
  const json = JSON.stringify(claims);
  if (Buffer.byteLength(json) > MAX_CLAIMS_BYTES) {
    throw new KeywardError('claims_too_large', `claims may take ${MAX_CLAIMS_BYTES} bytes as JSON`);
  }
  const subject = textClaim(claims, 'sub');
  if (subject === null && scope.policy.requireSubject) {
    throw new KeywardError(
      'subject_required',
      'give claims.sub: the policy of this scope asks for a subject',
    );
  }
  const { rootClaim } = scope.policy;
  const root = rootClaim === null ? null : textClaim(claims, rootClaim);
  return { json, subject, root, namesClient: textClaim(claims, 'client_id') !== null };
}

/** RFC 9068 §2.2, whatever the policy of the scope asks for. */
export function requireSubject(subject: string | null): void {
  requireThat(
    subject !== null,
    'subject_required',
    'give claims.sub, which an access token has (RFC 9068), or ask for typ JWT',
  );
}

/** I15: of what a caller may write, nothing that two verifiers would read differently. */
function requireOneReading(claims: Readonly<Record<string, unknown>>, { policy }: Scope): void {
  requireThat(!holdsInexactNumber(claims), 'invalid_claims', EXACT_NUMBERS);
  const mistaken = firstMistakenClaim(claims) ?? mistakenRoot(claims, policy);
  requireThat(mistaken === undefined, 'invalid_claims', `claims: write ${mistaken} in no other spelling`);
}

function mistakenRoot(claims: Readonly<Record<string, unknown>>, { rootClaim }: ScopePolicy) {
  if (rootClaim === null) return undefined;
  const folded = foldName(rootClaim);
  return Object.keys(claims).some((name) => name !== rootClaim && foldName(name) === folded)
    ? rootClaim
    : undefined;
}

function textClaim(claims: Readonly<Record<string, unknown>>, name: string): string | null {
  if (!Object.hasOwn(claims, name)) return null;
  const value = claims[name];
  // PostgreSQL has no text with U+0000, and a record holds this one.
  if (typeof value === 'string' && value.length > 0 && !value.includes('\0')) return value;
  throw new KeywardError('invalid_claims', `claims.${name}: use a non-empty string without U+0000`);
}
