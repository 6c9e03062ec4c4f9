import { KeywardError } from '../kernel/errors.ts';
import type { GeneratedKey, KeySpecification } from '../kernel/signer.ts';
import { isFull, isTemplateError } from './ckr.ts';
import type { Handle, HandlePair } from './cryptoki.ts';
import { CryptokiError } from './cryptoki-error.ts';
import { examine } from './examine.ts';
import type { Hsm } from './hsm.ts';
import { keyTemplates } from './key-templates.ts';
import { MECHANISMS } from './mechanisms.ts';
import { findHalves } from './objects.ts';
import type { KeyRecords } from './state/key-records.ts';

/**
 * Makes a key pair under an id that nothing has yet, reads it back and lets it sign before it answers.
 * What it makes is remembered first by its id, then by its kid. `key_unproven` where the module made something else
 * than it was asked for; it stays for the caller to discard.
 */
export function generate(
  hsm: Hsm,
  records: Pick<KeyRecords, 'reserve' | 'generated'>,
  specification: KeySpecification,
): Promise<GeneratedKey> {
  const { cryptoki } = hsm;
  const { hsmId, label, algorithm } = specification;
  if (!hsm.description.algorithms.includes(algorithm)) {
    throw new KeywardError('algorithm_unavailable', `the HSM token does not offer ${algorithm}`);
  }
  return hsm.anchor.lend(async (session) => {
    const { privateKeys, publicKeys } = findHalves(cryptoki, session.handle, hsmId);
    if (privateKeys.length + publicKeys.length > 0) {
      throw new KeywardError('hsm_refused', 'the HSM already holds an object of this id');
    }
    records.reserve(hsmId, label);
    await makePair(hsm, session.handle, specification);
    const halves = findHalves(cryptoki, session.handle, hsmId);
    const { key, attributes, unproven } = examine(cryptoki, session, halves, {
      hsmId,
      label,
      algorithm,
      kid: null,
    });
    if (!key) throw new KeywardError('key_unproven', `the new key is not proven: ${unproven.join('; ')}`);
    const { kid, publicJwk } = key;
    records.generated(hsmId, label, kid);
    return { kid, publicJwk, proof: { kid, proven: true, found: true, attributes, unproven } };
  });
}

/** An error of the template says that nothing was made; any other one ends the attempt. */
export async function makePair(
  { cryptoki, profile }: Pick<Hsm, 'cryptoki' | 'profile'>,
  session: Handle,
  specification: KeySpecification,
): Promise<HandlePair> {
  const { generate: mechanism } = MECHANISMS[specification.algorithm];
  let refused: unknown;
  for (const templates of keyTemplates(specification, profile)) {
    try {
      return await cryptoki.generateKeyPair(session, mechanism, templates);
    } catch (error) {
      if (error instanceof CryptokiError && isFull(error.ckr)) throw full(error);
      if (!(error instanceof CryptokiError && isTemplateError(error.ckr))) throw error;
      refused = error;
    }
  }
  throw refused;
}

function full(cause: CryptokiError): KeywardError {
  const message =
    'the HSM token has no room for another key; destroy keys that are out of use, or place the scope on another';
  return new KeywardError('hsm_full', message, { cause });
}
