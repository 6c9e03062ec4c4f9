import { hash } from 'node:crypto';
import graphene from 'graphene-pk11';
import pkcs11js from 'pkcs11js';
import { ALGORITHM_NAMES, type Algorithm, type ModulusBits } from '../kernel/algorithm.ts';
import { CKA } from './attributes.ts';
import type { Attribute, Mechanism } from './cryptoki.ts';

/** The PKCS#11 side of an algorithm; its JOSE side stands in `kernel/algorithm.ts`. */
interface MechanismFacts {
  readonly keyType: number;
  readonly generate: number;
  /** Its name in PKCS#11, for people. */
  readonly generateName: string;
  readonly sign: Mechanism;
  readonly signName: string;
  /** What the module is given to sign, in a buffer of its own. */
  readonly inputOf: (signingInput: string) => Buffer;
  /** Whether a signature is taken to be slow until it is known how long it takes. */
  readonly isSlow: boolean;
  /** The kind of key to make, in the writings to be offered one after the other. */
  readonly keyParameters: (modulusBits: ModulusBits | null) => readonly (readonly Attribute[])[];
}

const { MechanismEnum, KeyType } = graphene;

// Neither library names EdDSA (PKCS#11 v3.0 §2.3.14).
const CKM_EC_EDWARDS_KEY_PAIR_GEN = 0x1055;
const CKM_EDDSA = 0x1057;
const CKK_EC_EDWARDS = 0x40;

const ecParams = (...writings: string[]) =>
  writings.map((der) => [{ type: CKA.EC_PARAMS, value: Buffer.from(der, 'hex') }]);

const rsaParams = (modulusBits: ModulusBits | null) => [
  [
    { type: CKA.MODULUS_BITS, value: modulusBits ?? 2048 },
    { type: CKA.PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) },
  ],
];

/** Not `Buffer.from(text)`: that would be a slice of a buffer shared with others. */
function bytesOf(signingInput: string): Buffer {
  const bytes = Buffer.alloc(signingInput.length);
  bytes.write(signingInput, 'latin1');
  return bytes;
}

const EC = {
  keyType: KeyType.EC,
  generate: MechanismEnum.EC_KEY_PAIR_GEN,
  generateName: 'CKM_EC_KEY_PAIR_GEN',
  sign: { mechanism: MechanismEnum.ECDSA },
  signName: 'CKM_ECDSA',
  isSlow: false,
} as const;

const RSA = {
  keyType: KeyType.RSA,
  generate: MechanismEnum.RSA_PKCS_KEY_PAIR_GEN,
  generateName: 'CKM_RSA_PKCS_KEY_PAIR_GEN',
  inputOf: bytesOf,
  isSlow: true,
  keyParameters: rsaParams,
} as const;

const EDDSA: MechanismFacts = {
  keyType: CKK_EC_EDWARDS,
  generate: CKM_EC_EDWARDS_KEY_PAIR_GEN,
  generateName: 'CKM_EC_EDWARDS_KEY_PAIR_GEN',
  sign: { mechanism: CKM_EDDSA },
  signName: 'CKM_EDDSA',
  inputOf: bytesOf,
  isSlow: false,
  // The PrintableString "edwards25519", and the OID of RFC 8410: modules take the one or the other.
  keyParameters: () => ecParams('130c656477617264733235353139', '06032b6570'),
};

export const MECHANISMS = {
  ES256: {
    ...EC,
    inputOf: (signingInput) => hash('sha256', signingInput, 'buffer'),
    keyParameters: () => ecParams('06082a8648ce3d030107'),
  },
  ES384: {
    ...EC,
    inputOf: (signingInput) => hash('sha384', signingInput, 'buffer'),
    keyParameters: () => ecParams('06052b81040022'),
  },
  RS256: {
    ...RSA,
    sign: { mechanism: MechanismEnum.SHA256_RSA_PKCS },
    signName: 'CKM_SHA256_RSA_PKCS',
  },
  PS256: {
    ...RSA,
    signName: 'CKM_SHA256_RSA_PKCS_PSS',
    sign: {
      mechanism: MechanismEnum.SHA256_RSA_PKCS_PSS,
      parameter: {
        type: pkcs11js.CK_PARAMS_RSA_PSS,
        hashAlg: MechanismEnum.SHA256,
        mgf: pkcs11js.CKG_MGF1_SHA256,
        saltLen: 32,
      },
    },
  },
  Ed25519: EDDSA,
  EdDSA: EDDSA,
} as const satisfies Record<Algorithm, MechanismFacts>;

/** The algorithms that a token with these mechanisms can make keys for and sign with. */
export function algorithmsOf(mechanisms: readonly number[]): Algorithm[] {
  const known = new Set(mechanisms);
  return ALGORITHM_NAMES.filter((name) => {
    const { generate, sign } = MECHANISMS[name];
    return known.has(generate) && known.has(sign.mechanism);
  });
}
