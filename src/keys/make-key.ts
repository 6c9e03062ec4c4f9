import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { type Binding, NO_TIMES, type SigningKey } from '../kernel/key.ts';
import { type Scope, scopeLabel } from '../kernel/scope.ts';
import type { Signer } from '../kernel/signer.ts';
import { composeBindingRecord } from '../token/binding-record.ts';
import { importPublicKey } from '../token/public-jwk.ts';
import type { BindingKeys } from './binding-keys.ts';

export interface KeyMakingParts {
  readonly signer: Signer;
  readonly bindingKeys: BindingKeys;
  readonly clock: Clock;
}

/**
 * Generates a key pair on the scope's token under a reserved HSM id, and binds it to its scope: label in the HSM,
 * binding record by the token's binding key (I1). The record's window is of so many cryptoperiods: a standby may wait for one before it
 * signs for another.
 */
export async function makeKey(
  { signer, bindingKeys, clock }: KeyMakingParts,
  scope: Scope,
  hsmId: string,
  periods: 1 | 2,
): Promise<SigningKey> {
  const { hsmToken } = scope;
  const bindingKey = bindingKeys.of(hsmToken);
  const { kid, publicJwk, proof } = await signer.generate({
    hsmToken,
    hsmId,
    label: scopeLabel(scope),
    algorithm: scope.algorithm,
    modulusBits: scope.modulusBits,
  });
  if (!proof.proven) {
    throw new KeywardError('key_unproven', 'the HSM made a key that it cannot show to be non-exportable', {
      cause: proof,
    });
  }
  const now = clock.nowSeconds();
  const binding: Binding = {
    kid,
    scope: scope.id,
    issuer: scope.issuer,
    audience: scope.audience,
    algorithm: scope.algorithm,
    hsmId,
    signFrom: now,
    signUntil: now + periods * scope.policy.cryptoperiodSeconds,
    maxTtlSeconds: scope.policy.maxTtlSeconds,
  };
  return {
    kid,
    scopeId: scope.id,
    hsmToken,
    state: 'pre_activation',
    binding,
    bindingRecord: await bindingKey.sign(composeBindingRecord(binding, bindingKey.kid, now)),
    publicJwk,
    publicKey: importPublicKey(publicJwk),
    publishedAt: now,
    signFrom: null,
    signUntil: binding.signUntil,
    createdAt: now,
    times: NO_TIMES,
    keptForForensics: false,
  };
}
