import { randomBytes } from 'node:crypto';
import { ALGORITHMS, type Algorithm, type AlgorithmFacts } from '../kernel/algorithm.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { PublicJwk } from '../kernel/key.ts';
import { REQUIRED_ATTRIBUTES } from '../kernel/key-proof.ts';
import { importPublicKey, readPublicJwk, thumbprint } from '../token/public-jwk.ts';
import { verifySignatureSync } from '../token/signature.ts';
import { CKA, isOfOneObject, type KeyPairHandles, ObjectReader, reasonOf } from './attributes.ts';
import type { Cryptoki, Handle } from './cryptoki.ts';
import type { Session } from './hsm.ts';
import { type LiveKey, signatureBytesOf, signNow } from './loaded-keys.ts';
import { MECHANISMS } from './mechanisms.ts';

type Name = keyof typeof REQUIRED_ATTRIBUTES & keyof typeof CKA;

interface AttributeProof {
  readonly attributes: Readonly<Record<string, boolean | null>>;
  /** A sentence for each attribute that is not as it must be; none is a proof. */
  readonly unproven: readonly string[];
}

/** Reads each attribute by itself, and takes nothing for granted that was not read. */
function proveAttributes(privateKey: ObjectReader): AttributeProof {
  const attributes: Record<string, boolean | null> = {};
  const unproven: string[] = [];
  for (const [name, required] of Object.entries(REQUIRED_ATTRIBUTES) as [Name, boolean][]) {
    const { value, why } = read(privateKey, CKA[name]);
    attributes[`CKA_${name}`] = value;
    if (value === null) unproven.push(`CKA_${name} cannot be read (${why})`);
    else if (value !== required) unproven.push(`CKA_${name} is ${value} and must be ${required}`);
  }
  return { attributes, unproven };
}

function read(privateKey: ObjectReader, type: number): { value: boolean | null; why: string } {
  try {
    return { value: privateKey.boolean(type), why: '' };
  } catch (error) {
    if (!isOfOneObject(error)) throw error;
    return { value: null, why: reasonOf(error) };
  }
}

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

/** What a key is expected to be. Where no `kid` is known yet, any is right. */
interface Expected {
  readonly hsmId: string;
  readonly label: string;
  readonly algorithm: Algorithm;
  readonly kid: string | null;
}

export interface Examination extends AttributeProof {
  /** The key, if nothing about it is unproven. */
  readonly key: LiveKey | null;
  /** False where the HSM does not show both halves, or would not answer for them. */
  readonly found: boolean;
}

/**
 * Holds the objects under one id against what they should be: exactly one of each half, id and label (I1), the
 * public key, every attribute (I7), and a signature that the public key verifies.
 */
export function examine(
  cryptoki: Cryptoki,
  session: Session,
  halves: KeyPairHandles,
  expected: Expected,
): Examination {
  const [privateKey, publicKey] = [halves.privateKeys[0], halves.publicKeys[0]];
  const counts = wrongCounts(halves);
  if (!privateKey || !publicKey || counts.length > 0) {
    return { attributes: {}, unproven: counts, key: null, found: Boolean(privateKey && publicKey) };
  }
  try {
    return examinePair(cryptoki, session, { privateKey, publicKey }, expected);
  } catch (error) {
    if (!isOfOneObject(error)) throw error;
    const unproven = [`it cannot be examined: ${reasonOf(error)}`];
    return { attributes: {}, unproven, key: null, found: error instanceof KeywardError };
  }
}

function wrongCounts({ privateKeys, publicKeys }: KeyPairHandles): string[] {
  const halves = [
    ['private', privateKeys.length],
    ['public', publicKeys.length],
  ] as const;
  return halves
    .filter(([, count]) => count !== 1)
    .map(([half, count]) => `there are ${count} ${half} keys under its id, and there must be one`);
}

function examinePair(
  cryptoki: Cryptoki,
  session: Session,
  handles: { privateKey: Handle; publicKey: Handle },
  expected: Expected,
): Examination {
  const read = (object: Handle) => new ObjectReader(cryptoki, session.handle, object);
  const [privateKey, publicKey] = [read(handles.privateKey), read(handles.publicKey)];
  const { attributes, unproven } = proveAttributes(privateKey);
  const publicJwk = readPublicKey(publicKey, expected.algorithm);
  const flaws = [...mismatches(privateKey, publicKey, publicJwk, expected), ...unproven];
  if (flaws.length > 0) return { attributes, unproven: flaws, key: null, found: true };
  const key = liveKey(expected, handles.privateKey, publicJwk);
  if (possesses(cryptoki, session, key)) return { attributes, unproven: [], key, found: true };
  const possession = 'its signature does not verify with its public key';
  return { attributes, unproven: [possession], key: null, found: true };
}

function mismatches(
  privateKey: ObjectReader,
  publicKey: ObjectReader,
  publicJwk: PublicJwk,
  { hsmId, label, algorithm, kid }: Expected,
): string[] {
  const hasId = (half: ObjectReader) => half.bytes(CKA.ID).toString('hex') === hsmId;
  const checks: readonly (readonly [holds: boolean, flaw: string])[] = [
    [hasId(privateKey) && hasId(publicKey), 'its halves bear another CKA_ID'],
    [privateKey.text(CKA.LABEL) === label, 'the label of its private key was made for something else'],
    [publicKey.text(CKA.LABEL) === label, 'the label of its public key was made for something else'],
    [privateKey.number(CKA.KEY_TYPE) === MECHANISMS[algorithm].keyType, 'its private key is of another type'],
    [kid === null || thumbprint(publicJwk) === kid, 'its public key is not the one its kid names'],
  ];
  return checks.filter(([holds]) => !holds).map(([, flaw]) => flaw);
}

function liveKey({ hsmId, algorithm }: Expected, privateKey: Handle, publicJwk: PublicJwk): LiveKey {
  return {
    kid: thumbprint(publicJwk),
    hsmId,
    algorithm,
    privateKey,
    publicJwk,
    publicKey: importPublicKey(publicJwk),
    signatureBytes: signatureBytesOf(algorithm, publicJwk),
  };
}

/** The text is ours, and no signing input: what comes of it can never be taken for a token. */
function possesses(cryptoki: Cryptoki, session: Session, key: LiveKey): boolean {
  const nonce = `keyward possession ${randomBytes(32).toString('hex')}`;
  return verifySignatureSync(key.algorithm, key.publicKey, nonce, signNow(cryptoki, session, key, nonce));
}
