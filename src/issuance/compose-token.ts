import { randomFillSync } from 'node:crypto';
import { KeywardError } from '../kernel/errors.ts';
import type { TokenRequest } from '../kernel/issuance.ts';
import type { SigningKey } from '../kernel/key.ts';
import { WRITTEN_TYPES, type WrittenType } from '../kernel/policy.ts';
import type { Scope } from '../kernel/scope.ts';
import { MAX_TOKEN_LENGTH } from '../token/parse-token.ts';
import { composeSigningInput } from '../token/signing-input.ts';
import { checkCallerClaims, requireSubject } from './caller-claims.ts';

const BYTES = 16;
const pool = Buffer.alloc(256 * BYTES);
let at = pool.length;

/** 128 bits of entropy (OWASP ASVS V9), drawn for 256 tokens at a time. */
export function newJti(): string {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  const from = at;
  at += BYTES;
  return pool.toString('base64url', from, at);
}

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

/** Header and claims from the scope, its active key and the clock, the caller's claims beside them (I2). */
export function composeToken(request: TokenRequest, scope: Scope, key: SigningKey, now: number): TokenDraft {
  const typ = permittedType(request.typ, scope);
  const exp = now + permittedTtl(request.ttlSeconds, scope, key);
  const claims = checkCallerClaims(request.claims, scope);
  if (typ === 'at+jwt') requireSubject(claims.subject);
  const jti = newJti();
  const written = {
    iss: scope.issuer,
    aud: scope.audience,
    iat: now,
    // Earlier by the skew: a verifier whose clock runs a little late must not refuse a fresh token.
    nbf: now - scope.policy.clockSkewSeconds,
    exp,
    jti,
    // RFC 9068 §2.2 requires it of an access token; the caller's own word comes first.
    ...(typ === 'at+jwt' && !claims.namesClient ? { client_id: request.clientId } : {}),
  };
  const header = { alg: key.binding.algorithm, typ, kid: key.kid };
  const signingInput = composeSigningInput(header, joinObjects(JSON.stringify(written), claims.json));
  refuseTooLong(signingInput);
  return { signingInput, jti, iat: now, exp, subject: claims.subject, root: claims.root };
}

function permittedType(wanted: WrittenType | undefined, scope: Scope): WrittenType {
  const permitted = scope.policy.tokenTypes.filter(isWritten);
  const typ = wanted ?? permitted[0];
  if (typ !== undefined && permitted.includes(typ)) return typ;
  throw new KeywardError(
    'token_type_not_allowed',
    `typ: the policy of this scope allows ${permitted.join(', ') || 'none that Keyward writes'}`,
  );
}

function isWritten(type: string): type is WrittenType {
  const written: readonly string[] = WRITTEN_TYPES;
  return written.includes(type);
}

function permittedTtl(wanted: number | undefined, scope: Scope, key: SigningKey): number {
  const longest = longestTtl(scope, key);
  const ttl = wanted ?? Math.min(scope.policy.defaultTtlSeconds, longest);
  if (Number.isInteger(ttl) && ttl >= 1 && ttl <= longest) return ttl;
  throw new KeywardError('ttl_out_of_policy', `ttl_seconds: use a whole number from 1 to ${longest}`);
}

/** Two JSON objects without a common member as one; neither is parsed or written again. */
function joinObjects(first: string, second: string): string {
  return second === '{}' ? first : `${first.slice(0, -1)},${second.slice(1)}`;
}
