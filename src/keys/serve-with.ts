import { KeywardError } from '../domain/errors.ts';
import type { SigningKey } from '../domain/key.ts';
import type { Signer } from '../domain/signer.ts';
import type { KeyRingKeeper } from './key-ring.ts';

interface ServingParts {
  readonly signer: Pick<Signer, 'serve'>;
  readonly keyRing: KeyRingKeeper;
}

/** The signer proves the new keys before anybody hears of them (I7). */
export async function serveWith(
  { signer, keyRing }: ServingParts,
  keys: readonly SigningKey[],
): Promise<void> {
  const added = keys.map(({ kid, binding, bindingRecord }) => ({ kid, hsmId: binding.hsmId, bindingRecord }));
  const proofs = await signer.serve([...keyRing.references(), ...added]);
  keyRing.applyProofs(proofs);
  for (const { kid } of keys) {
    const proof = proofs.find((candidate) => candidate.kid === kid);
    if (!proof?.proven) {
      throw new KeywardError('key_unproven', 'the HSM cannot show the new key to be what it must be', {
        cause: proof,
      });
    }
  }
}
