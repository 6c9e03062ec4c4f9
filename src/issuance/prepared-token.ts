import {
  type IssuanceRecord,
  type JwsRequest,
  PROBE_CLIENT,
  PROBE_SUBJECT,
  type TokenRequest,
} from '../kernel/issuance.ts';
import type { SigningKey } from '../kernel/key.ts';
import { recordedSubject } from '../kernel/policy.ts';
import type { Scope } from '../kernel/scope.ts';

import { digestOf } from '../token/signing-input.ts';
import { requireThat } from './caller-claims.ts';
import { checkSigningInput } from './check-signing-input.ts';
import { composeToken } from './compose-token.ts';

/**
 * A token for the subject of probes shall mean one thing, to verifiers and to whoever reads the ledger: Keyward sent
 * it. So nobody else gets one.
 */
export function refuseReservedSubject(subject: string | null, clientId: string): void {
  requireThat(
    subject !== PROBE_SUBJECT || clientId === PROBE_CLIENT,
    'reserved_subject',
    `claims.sub: ${PROBE_SUBJECT} is the subject of probes, for which Keyward alone issues`,
  );
}

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
      traceId: request.trace?.traceId ?? null,
      iat,
      exp,
    });
  }
}
