import { ALGORITHMS, type Algorithm, type AlgorithmFacts } from '../kernel/algorithm.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { PublicJwk } from '../kernel/key.ts';
import { readPublicJwk } from '../token/public-jwk.ts';
import { CKA, type ObjectReader } from './attributes.ts';
import { MECHANISMS } from './mechanisms.ts';

type Facts<K extends AlgorithmFacts['kty']> = Extract<AlgorithmFacts, { kty: K }>;

const FIELD_BYTES = { 'P-256': 32, 'P-384': 48 } as const;
const ED25519_BYTES = 32;
const UNCOMPRESSED = 0x04;
const OCTET_STRING = 0x04;

/** The public half of a key of that algorithm, checked like each JWK; `key_unproven` where it is another's. */
export function readPublicKey(object: ObjectReader, algorithm: Algorithm): PublicJwk {
  if (object.number(CKA.KEY_TYPE) !== MECHANISMS[algorithm].keyType) refuse('is of another type');
  const facts: AlgorithmFacts = ALGORITHMS[algorithm];
  switch (facts.kty) {
    case 'EC':
      return readEc(object, facts);
    case 'RSA':
      return readRsa(object);
    case 'OKP':
      return readOkp(object, facts);
  }
}

function readEc(object: ObjectReader, { crv }: Facts<'EC'>): PublicJwk {
  const size = FIELD_BYTES[crv];
  const point = unwrapped(object.bytes(CKA.EC_POINT), 1 + 2 * size);
  if (point[0] !== UNCOMPRESSED) refuse('is not an uncompressed point');
  const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)];
  return readPublicJwk({ kty: 'EC', crv, x: x.toString('base64url'), y: y.toString('base64url') });
}

function readOkp(object: ObjectReader, { crv }: Facts<'OKP'>): PublicJwk {
  const x = unwrapped(object.bytes(CKA.EC_POINT), ED25519_BYTES);
  return readPublicJwk({ kty: 'OKP', crv, x: x.toString('base64url') });
}

function readRsa(object: ObjectReader): PublicJwk {
  const [n, e] = [integer(object.bytes(CKA.MODULUS)), integer(object.bytes(CKA.PUBLIC_EXPONENT))];
  return readPublicJwk({ kty: 'RSA', n: n.toString('base64url'), e: e.toString('base64url') });
}

/** CKA_EC_POINT is a DER OCTET STRING; some modules leave the wrapping out. The lengths tell them apart. */
function unwrapped(value: Buffer, size: number): Buffer {
  if (value.length === size) return value;
  const isWrapped = value.length === size + 2 && value[0] === OCTET_STRING && value[1] === size;
  return isWrapped ? value.subarray(2) : refuse('is not a point of the right length');
}

function integer(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  return bytes.subarray(first < 0 ? bytes.length : first);
}

function refuse(flaw: string): never {
  throw new KeywardError('key_unproven', `the public key in the HSM ${flaw}`);
}
