import { KeywardError } from '../kernel/errors.ts';
import type { KeyEvidence } from '../kernel/signer.ts';
import { composeKeyProof } from '../token/key-proof.ts';
import { verifySignatureSync } from '../token/signature.ts';
import { signNow } from './live-key.ts';
import { MECHANISMS } from './mechanisms.ts';
import { findHalves } from './objects.ts';
import type { Operations } from './protocol.ts';
import { judge, type Serving } from './serve.ts';

/**
 * Examines a key anew and has it sign what was found. The statement is composed here and nowhere else: no
 * signing input of this type is ever taken from the front, so it says what this process read (I8).
 */
export async function attest(
  serving: Serving,
  { key: reference, nonce }: Operations['prove']['takes'],
): Promise<KeyEvidence> {
  const { hsm } = serving;
  const { cryptoki, description: token } = hsm;
  const halves = await hsm.direct.lend(({ handle }) => findHalves(cryptoki, handle, reference.hsmId));
  const { key, ...verdict } = await judge(serving, () => halves, reference, true);
  const proof = { kid: reference.kid, proven: key !== null, ...verdict };
  if (!key) return { proof, token, statement: null };
  const { sign, signName } = MECHANISMS[key.algorithm];
  const signingInput = composeKeyProof({
    kid: key.kid,
    algorithm: key.algorithm,
    hsmId: key.hsmId,
    bindingRecord: reference.bindingRecord,
    attributes: proof.attributes,
    mechanism: { name: signName, number: sign.mechanism },
    token,
    nonce,
    iat: Math.floor(Date.now() / 1_000),
  });
  const signature = await hsm.direct.lend((session) => signNow(cryptoki, session, key, signingInput));
  if (!verifySignatureSync(key.algorithm, key.publicKey, signingInput, signature)) {
    throw new KeywardError('signature_wrong', 'the HSM gave a wrong signature');
  }
  return { proof, token, statement: `${signingInput}.${signature.toString('base64url')}` };
}
