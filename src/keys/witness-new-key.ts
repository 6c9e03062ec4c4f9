import { randomBytes } from 'node:crypto';
import { KeywardError } from '../kernel/errors.ts';
import type { SigningKey } from '../kernel/key.ts';
import type { NewKey } from '../kernel/registry.ts';
import type { Signer } from '../kernel/signer.ts';
import { readKeyProof } from '../token/key-proof.ts';
import { referenceTo } from './key-ring.ts';

/** Has a key that was just made sign what the HSM shows of it, once its binding record is there to be named. */
export async function witnessNewKey(
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
