import type { AuditTrail } from '../domain/audit-trail.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { KeyProver } from '../domain/prove-key.ts';
import type { Signer } from '../kernel/signer.ts';
import { composeKeyEvidence } from '../token/key-evidence.ts';
import { readPublicJwk } from '../token/public-jwk.ts';
import type { BindingKeys } from './binding-keys.ts';
import { type KeyRingKeeper, referenceTo } from './key-ring.ts';
import type { OpenedKey } from './registry-key.ts';

export interface KeyProvingParts {
  readonly signer: Pick<Signer, 'prove'>;
  readonly keyRing: KeyRingKeeper;
  readonly auditKey: OpenedKey;
  readonly bindingKeys: BindingKeys;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}

export function createKeyProver(parts: KeyProvingParts): KeyProver {
  const { signer, keyRing, auditKey, bindingKeys, audit, clock } = parts;
  return {
    async prove(kid, nonce, actor) {
      const key = keyRing.knownKey(kid)?.key;
      if (!key) {
        throw new KeywardError('unknown_key', `there is no key ${kid}; list them to see which there are`);
      }
      const bindingJwk = readPublicJwk(bindingKeys.of(key.hsmToken).publicKey.export({ format: 'jwk' }));
      const found = await signer.prove(referenceTo(key), nonce);
      const { proof, statement } = found;
      // That a key is missing is for a fresh process to say.
      if (proof.found && !proof.proven) keyRing.applyProofs([proof]);
      const { publicJwk, bindingRecord, state, hsmToken } = key;
      const evidence =
        statement === null
          ? null
          : await auditKey.sign(
              composeKeyEvidence(
                { publicJwk, proof: statement, bindingRecord, state, hsmToken, iat: clock.nowSeconds() },
                auditKey.kid,
              ),
            );
      await audit.record({
        type: 'key.proved',
        actor: actor.operatorId,
        subject: `key:${kid}`,
        requestId: actor.requestId,
        details: { proven: proof.proven, nonce, hsm_token: hsmToken },
      });
      const known = keyRing.knownKey(kid) ?? { key, proof: { status: 'unchecked', reasons: [] } };
      return { ...found, known, nonce, evidence, auditJwk: auditKey.publicJwk, bindingJwk };
    },
  };
}
