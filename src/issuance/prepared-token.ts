import type { JwsRequest, TokenRequest } from '../kernel/issuance.ts';
import type { SigningKey } from '../kernel/key.ts';
import type { IssuanceRecord } from '../domain/ledger.ts';
import { recordedSubject } from '../domain/recorded-subject.ts';
import type { Scope } from '../kernel/scope.ts';
import { digestOf } from '../token/signing-input.ts';
import { checkSigningInput } from './check-signing-input.ts';
import { composeToken } from './compose-token.ts';
import { refuseReservedSubject } from './reserved-subject.ts';

/**
 * A token before its signature. Only `prepare` makes one: composed of the scope, its active key and the caller's
 * claims, or of a caller's signing input that says nothing else than that would (I2). So nothing else can reach the
 * signer or the ledger.
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

  static prepare(
    request: TokenRequest | JwsRequest,
    scope: Scope,
    key: SigningKey,
    now: number,
  ): PreparedToken {
    const { signingInput, jti, iat, exp, subject, root } =
      'signingInput' in request
        ? checkSigningInput(request.signingInput, scope, key, now)
        : composeToken(request, scope, key, now);
    refuseReservedSubject(subject, request.clientId);
    return new PreparedToken(key, signingInput, {
      digest: digestOf(signingInput),
      scopeId: scope.id,
      kid: key.kid,
      jti,
      clientId: request.clientId,
      subject: recordedSubject(subject, scope.policy.recordSubject),
      root,
      iat,
      exp,
    });
  }
}
