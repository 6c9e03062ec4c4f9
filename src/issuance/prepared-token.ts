import { KeywardError } from '../domain/errors.ts';
import type { TokenRequest } from '../domain/issuance.ts';
import type { SigningKey } from '../domain/key.ts';
import type { IssuanceRecord } from '../domain/ledger.ts';
import type { TokenType } from '../domain/policy.ts';
import { recordedSubject } from '../domain/recorded-subject.ts';
import type { Scope } from '../domain/scope.ts';
import { MAX_TOKEN_LENGTH } from '../token/parse-token.ts';
import { composeSigningInput, digestOf } from '../token/signing-input.ts';
import { checkCallerClaims } from './caller-claims.ts';
import { newJti } from './jti.ts';

/**
 * A token before its signature. Only `prepare` makes one, from the scope, its active key and the caller's
 * claims (I2), so nothing else can reach the signer or the ledger.
 */
export class PreparedToken {
  readonly key: SigningKey;
  readonly signingInput: string;
  readonly record: IssuanceRecord;

  private constructor(key: SigningKey, signingInput: string, record: IssuanceRecord) {
    this.key = key;
    this.signingInput = signingInput;
    this.record = record;
  }

  static prepare(request: TokenRequest, scope: Scope, key: SigningKey, now: number): PreparedToken {
    const typ = permittedType(request.typ, scope);
    const exp = now + permittedTtl(request.ttlSeconds, scope, key);
    const claims = checkCallerClaims(request.claims, scope);
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
    return new PreparedToken(key, signingInput, {
      digest: digestOf(signingInput),
      scopeId: scope.id,
      kid: key.kid,
      jti,
      clientId: request.clientId,
      subject: recordedSubject(claims.subject, scope.policy.recordSubject),
      root: claims.root,
      iat: now,
      exp,
    });
  }
}

/** The dot and the longest signature, of RSA with 4096 bits. */
const SIGNATURE_LENGTH = 1 + Math.ceil((4096 / 8) * (4 / 3));

/** A long issuer and audience may take what the claims would need: verifiers refuse longer tokens. */
function refuseTooLong(signingInput: string): void {
  if (signingInput.length + SIGNATURE_LENGTH <= MAX_TOKEN_LENGTH) return;
  throw new KeywardError(
    'claims_too_large',
    `the token would exceed ${MAX_TOKEN_LENGTH} bytes: send fewer claims`,
  );
}

function permittedType(wanted: TokenType | undefined, scope: Scope): TokenType {
  const permitted = scope.policy.tokenTypes;
  const typ = wanted ?? permitted[0];
  if (typ !== undefined && permitted.includes(typ)) return typ;
  throw new KeywardError(
    'token_type_not_allowed',
    `typ: the policy of this scope allows ${permitted.join(', ')}`,
  );
}

/** A key keeps the longest life it was bound with, also where the policy was widened since (DESIGN §6). */
function permittedTtl(wanted: number | undefined, scope: Scope, key: SigningKey): number {
  const longest = Math.min(scope.policy.maxTtlSeconds, key.binding.maxTtlSeconds);
  const ttl = wanted ?? Math.min(scope.policy.defaultTtlSeconds, longest);
  if (Number.isInteger(ttl) && ttl >= 1 && ttl <= longest) return ttl;
  throw new KeywardError('ttl_out_of_policy', `ttl_seconds: use a whole number from 1 to ${longest}`);
}

/** Two JSON objects without a common member as one; neither is parsed or written again. */
function joinObjects(first: string, second: string): string {
  return second === '{}' ? first : `${first.slice(0, -1)},${second.slice(1)}`;
}
