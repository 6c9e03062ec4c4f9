import { randomBytes } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { type Binding, NO_TIMES, type SigningKey } from '../kernel/key.ts';
import { type NewKey, noKeyMadeOn, type ReservedPlace } from '../kernel/registry.ts';
import { type Scope, scopeLabel } from '../kernel/scope.ts';
import type { Signer } from '../kernel/signer.ts';
import { composeBindingRecord } from '../token/binding-record.ts';
import { readKeyProof } from '../token/key-proof.ts';
import { importPublicKey } from '../token/public-jwk.ts';
import { type KeyRingKeeper, referenceTo } from './key-ring.ts';
import type { BindingKeys } from './registry-key.ts';

export interface KeyMakingDeps {
  readonly signer: Signer;
  readonly bindingKeys: BindingKeys;
  readonly clock: Clock;
}

/**
 * Generates a key pair in its reserved place, and binds it to its scope: label in the HSM, binding record by the
 * token's binding key (I1). The record's window is of so many cryptoperiods: a standby may wait for one before it
 * signs for another.
 */
export async function makeKey(
  { signer, bindingKeys, clock }: KeyMakingDeps,
  scope: Scope,
  { hsmToken, hsmId }: ReservedPlace,
  periods: 1 | 2,
): Promise<SigningKey> {
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

/** Has a key that was just made sign what the HSM shows of it, once its binding record is there to be named. */
export async function proveNewKey(
  { signer }: { readonly signer: Pick<Signer, 'prove'> },
  key: SigningKey,
): Promise<NewKey> {
  const { proof, statement } = await signer.prove(referenceTo(key), randomBytes(16).toString('base64url'));
  if (statement === null) {
    throw new KeywardError('key_unproven', 'the HSM cannot show the new key to be what it must be', {
      cause: proof,
    });
  }
  return { key, proof: readKeyProof(statement, key.publicJwk), statement };
}

/** `CKA_ID` of 16 random bytes, reserved before anything is generated. */
export function newHsmId(): string {
  return randomBytes(16).toString('hex');
}

/** `hsm_token_compromised`. */
export function requireTrustedToken(
  keyRing: Pick<KeyRingKeeper, 'isTokenCompromised'>,
  hsmToken: string,
): void {
  if (keyRing.isTokenCompromised(hsmToken)) throw noKeyMadeOn(hsmToken);
}

interface ServingDeps {
  readonly signer: Pick<Signer, 'serveAlso'>;
  readonly keyRing: KeyRingKeeper;
}

/** The signers of their tokens prove the new keys before anybody hears of them (I7). */
export async function serveProven(
  { signer, keyRing }: ServingDeps,
  keys: readonly SigningKey[],
): Promise<void> {
  for (const [hsmToken, there] of Map.groupBy(keys, (key) => key.hsmToken)) {
    const proofs = await signer.serveAlso(there.map(referenceTo), hsmToken);
    keyRing.applyProofs(proofs);
    for (const { kid } of there) {
      const proof = proofs.find((candidate) => candidate.kid === kid);
      if (!proof?.proven) {
        throw new KeywardError('key_unproven', 'the HSM cannot show the new key to be what it must be', {
          cause: proof,
        });
      }
    }
  }
}
