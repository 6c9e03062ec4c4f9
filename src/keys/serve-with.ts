import { KeywardError } from '../kernel/errors.ts';
import type { SigningKey } from '../kernel/key.ts';
import type { Signer } from '../kernel/signer.ts';
import { type KeyRingKeeper, referenceTo } from './key-ring.ts';

interface ServingParts {
  readonly signer: Pick<Signer, 'serve'>;
  readonly keyRing: KeyRingKeeper;
}

/** The signer of that token proves the new keys before anybody hears of them (I7). */
export async function serveWith(
  { signer, keyRing }: ServingParts,
  hsmToken: string,
  keys: readonly SigningKey[],
): Promise<void> {
  const proofs = await signer.serve([...keyRing.references(), ...keys.map(referenceTo)], hsmToken);
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
