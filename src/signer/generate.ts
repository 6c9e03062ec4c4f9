import graphene from 'graphene-pk11';
import { KeywardError } from '../kernel/errors.ts';
import type { GeneratedKey, KeySpecification } from '../kernel/signer.ts';
import { CKA, findKeyPair } from './attributes.ts';
import { isFull, isTemplateError } from './ckr.ts';
import { type Attribute, CryptokiError, type Handle, type HandlePair } from './cryptoki.ts';
import { examine } from './examine.ts';
import type { Hsm } from './hsm.ts';
import { MECHANISMS } from './mechanisms.ts';
import type { Profile } from './module.ts';
import type { SignerState } from './state/signer-state.ts';

export interface KeyTemplates {
  readonly publicKey: readonly Attribute[];
  readonly privateKey: readonly Attribute[];
}

const { ObjectClass } = graphene;

/** Without any of these a key is none of ours, so they are never left out. */
const PRIVATE: Partial<Record<keyof typeof CKA, boolean>> = {
  TOKEN: true,
  PRIVATE: true,
  SENSITIVE: true,
  EXTRACTABLE: false,
  MODIFIABLE: false,
  COPYABLE: false,
  SIGN: true,
  SIGN_RECOVER: false,
  DECRYPT: false,
  UNWRAP: false,
  DERIVE: false,
};
const PUBLIC: typeof PRIVATE = { TOKEN: true, PRIVATE: false, VERIFY: true, MODIFIABLE: false };

/** A public key that could do more would harm nobody: left out where the module does not take it. */
const PUBLIC_OPTIONAL: typeof PRIVATE = {
  COPYABLE: false,
  ENCRYPT: false,
  WRAP: false,
  VERIFY_RECOVER: false,
};

/** The templates to offer one after the other, from the strictest, until the module takes one. */
export function keyTemplates(
  specification: KeySpecification,
  { offersOptional }: Pick<Profile, 'offersOptional'> = { offersOptional: true },
): KeyTemplates[] {
  const { algorithm, modulusBits } = specification;
  return MECHANISMS[algorithm]
    .keyParameters(modulusBits)
    .flatMap((parameters) => [
      ...(offersOptional ? [withOptional(specification, parameters)] : []),
      withoutOptional(specification, parameters),
    ]);
}

function withoutOptional(specification: KeySpecification, parameters: readonly Attribute[]): KeyTemplates {
  return {
    publicKey: [...common(specification, ObjectClass.PUBLIC_KEY), ...flags(PUBLIC), ...parameters],
    privateKey: [...common(specification, ObjectClass.PRIVATE_KEY), ...flags(PRIVATE)],
  };
}

function withOptional(specification: KeySpecification, parameters: readonly Attribute[]): KeyTemplates {
  const { publicKey, privateKey } = withoutOptional(specification, parameters);
  const { mechanism } = MECHANISMS[specification.algorithm].sign;
  const allowed = { type: CKA.ALLOWED_MECHANISMS, value: ulong(mechanism) };
  return {
    publicKey: [...publicKey, ...flags(PUBLIC_OPTIONAL)],
    privateKey: [...privateKey, allowed],
  };
}

function common({ hsmId, label, algorithm }: KeySpecification, objectClass: number): Attribute[] {
  return [
    { type: CKA.CLASS, value: objectClass },
    { type: CKA.KEY_TYPE, value: MECHANISMS[algorithm].keyType },
    { type: CKA.ID, value: Buffer.from(hsmId, 'hex') },
    { type: CKA.LABEL, value: label },
  ];
}

function flags(values: typeof PRIVATE): Attribute[] {
  const entries = Object.entries(values) as [keyof typeof CKA, boolean][];
  return entries.map(([name, value]) => ({ type: CKA[name], value }));
}

/** CK_ULONG of a 64-bit machine. */
function ulong(number: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(number));
  return bytes;
}

/**
 * Makes a key pair under an id that nothing has yet, reads it back and lets it sign before it answers.
 * What it makes is remembered first by its id, then by its kid. `key_unproven` where the module made something else
 * than it was asked for; it stays for the caller to discard.
 */
export function generate(
  hsm: Hsm,
  { lock, keys }: Pick<SignerState, 'lock' | 'keys'>,
  specification: KeySpecification,
): Promise<GeneratedKey> {
  const { cryptoki } = hsm;
  const { hsmId, label, algorithm } = specification;
  if (!hsm.description.algorithms.includes(algorithm)) {
    throw new KeywardError('algorithm_unavailable', `the HSM token does not offer ${algorithm}`);
  }
  return hsm.anchor.lend(async (session) => {
    lock.take();
    const { privateKeys, publicKeys } = findKeyPair(cryptoki, session.handle, hsmId);
    if (privateKeys.length + publicKeys.length > 0) {
      throw new KeywardError('hsm_refused', 'the HSM already holds an object of this id');
    }
    keys.reserve(hsmId, label);
    const made = await makePair(hsm, session.handle, specification);
    hsm.epoch.requireNow();
    const halves = hsm.newPairs.add(hsmId, made);
    const { key, attributes, unproven } = examine(cryptoki, session, halves, {
      hsmId,
      label,
      algorithm,
      kid: null,
    });
    if (!key) throw new KeywardError('key_unproven', `the new key is not proven: ${unproven.join('; ')}`);
    const { kid, publicJwk } = key;
    keys.generated(hsmId, label, kid);
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
