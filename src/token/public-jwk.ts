import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { KeywardError } from '../kernel/errors.ts';
import type { PublicJwk } from '../kernel/key.ts';
import { isObject } from '../lib/json.ts';
import { oncePerObject } from '../lib/once-per-object.ts';
import { decodeBase64url } from './base64url.ts';
import { hasRocaFingerprint, hasSmallFactor, isEd25519Point } from './weak-keys.ts';

type Members = Readonly<Record<string, unknown>>;

const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const;
const COORDINATE_BYTES = new Map([
  ['P-256', 32],
  ['P-384', 48],
]);
const MIN_MODULUS_BITS = 2_048;
const MAX_MODULUS_BITS = 4_096;
const MIN_EXPONENT = 65_537n;
const MAX_EXPONENT_BYTES = 8;

const READERS = new Map<unknown, (jwk: Members) => PublicJwk>([
  ['EC', readEc],
  ['RSA', readRsa],
  ['OKP', readOkp],
]);

/**
 * The public key of a JWK (RFC 7517, 7518 §6, 8037 §2), without any member that does not make the key.
 * `key_unproven` for what is secret, symmetric, of another curve or use, too weak, off the curve, or written
 * in other than the one canonical way, which its thumbprint depends on. jose imports weak keys and non-canonical ones.
 */
export function readPublicJwk(value: unknown): PublicJwk {
  const jwk = isObject(value) ? value : refuse('is not an object');
  for (const name of SECRET_MEMBERS) {
    if (Object.hasOwn(jwk, name)) refuse('holds a secret member');
  }
  if (jwk.use !== undefined && jwk.use !== 'sig') refuse('is not for signatures');
  if (jwk.key_ops !== undefined && !isVerifyAlone(jwk.key_ops)) refuse('is not for verifying alone');
  const read = READERS.get(jwk.kty) ?? refuse('has a type that is not in use here');
  return read(jwk);
}

/**
 * RFC 7638 with SHA-256: the `kid` of the key. Does not use jose, which is asynchronous: the signer needs it between
 * two calls of PKCS#11, in one turn.
 */
export function thumbprint(jwk: PublicJwk): string {
  return hash('sha256', canonicalJson(jwk), 'base64url');
}

/**
 * Ready for `crypto.verify`, which the hot path calls; jose would give a `CryptoKey`. Imported once. Throws `key_unproven` where the
 * point is not on its curve.
 */
export const importPublicKey = oncePerObject((jwk: PublicJwk): KeyObject => {
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch (cause) {
    throw new KeywardError('key_unproven', 'the public key is not on its curve', { cause });
  }
});

function readEc(jwk: Members): PublicJwk {
  const { crv } = jwk;
  if (crv !== 'P-256' && crv !== 'P-384') refuse('has a curve that is not in use here');
  const size = COORDINATE_BYTES.get(crv);
  const [x, y] = [readBytes(jwk, 'x'), readBytes(jwk, 'y')];
  if (x.bytes.length !== size || y.bytes.length !== size) refuse('has coordinates of the wrong length');
  const key = { kty: 'EC', crv, x: x.text, y: y.text } as const;
  importPublicKey(key);
  return key;
}

function readRsa(jwk: Members): PublicJwk {
  const [n, e] = [readBytes(jwk, 'n'), readBytes(jwk, 'e')];
  if (n.bytes[0] === 0 || e.bytes[0] === 0) refuse('has a number with leading zeros');
  const bits = n.bytes.length * 8 - Math.clz32(n.bytes[0] ?? 0) + 24;
  if (bits < MIN_MODULUS_BITS || bits > MAX_MODULUS_BITS) refuse('has a modulus of a length out of bounds');
  if (isEven(n.bytes) || isEven(e.bytes)) refuse('has an even number');
  if (e.bytes.length > MAX_EXPONENT_BYTES || BigInt(`0x${e.bytes.toString('hex')}`) < MIN_EXPONENT) {
    refuse('has an exponent out of bounds');
  }
  if (hasSmallFactor(n.bytes)) refuse('has a modulus with a small factor');
  if (hasRocaFingerprint(n.bytes)) refuse('has a modulus that is easy to factor (CVE-2017-15361)');
  return { kty: 'RSA', n: n.text, e: e.text };
}

/** Of RFC 7517 §4.3: a public signing key does nothing else. */
function isVerifyAlone(operations: unknown): boolean {
  return Array.isArray(operations) && operations.length === 1 && operations[0] === 'verify';
}

function readOkp(jwk: Members): PublicJwk {
  if (jwk.crv !== 'Ed25519') refuse('has a curve that is not in use here');
  const x = readBytes(jwk, 'x');
  if (!isEd25519Point(x.bytes)) refuse('is not a point of its curve');
  return { kty: 'OKP', crv: 'Ed25519', x: x.text };
}

function readBytes(jwk: Members, name: string): { text: string; bytes: Buffer } {
  const text = jwk[name];
  const bytes = typeof text === 'string' && text !== '' ? decodeBase64url(text) : undefined;
  if (!bytes) refuse(`has no ${name} in base64url`);
  return { text: text as string, bytes };
}

function isEven(bytes: Buffer): boolean {
  return ((bytes.at(-1) ?? 0) & 1) === 0;
}

/** The required members in the order of their names, without white space (RFC 7638 §3.3). */
function canonicalJson(jwk: PublicJwk): string {
  switch (jwk.kty) {
    case 'EC':
      return JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
    case 'RSA':
      return JSON.stringify({ e: jwk.e, kty: jwk.kty, n: jwk.n });
    case 'OKP':
      return JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x });
  }
}

function refuse(flaw: string): never {
  throw new KeywardError('key_unproven', `the public key ${flaw}`);
}
