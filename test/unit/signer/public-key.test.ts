import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Algorithm } from '../../../src/kernel/algorithm.ts';
import { CKA, ObjectReader } from '../../../src/signer/attributes.ts';
import type { Cryptoki } from '../../../src/signer/cryptoki.ts';
import { readPublicKey } from '../../../src/signer/examine.ts';

const CKK = { RSA: 0, EC: 3, EDWARDS: 0x40 };

function ulong(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function objectWith(attributes: Readonly<Record<number, Buffer>>): ObjectReader {
  const attribute = (_session: Buffer, _object: Buffer, type: number) => attributes[type];
  return new ObjectReader({ attribute } as unknown as Cryptoki, Buffer.alloc(8), Buffer.alloc(8));
}

const bytes = (text = '') => Buffer.from(text, 'base64url');
const refused = (message: string) => expect.objectContaining({ code: 'key_unproven', message });

const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
const P384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' });
const ED = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });

const pointOf = ({ x, y }: { x?: string; y?: string }) =>
  Buffer.concat([Buffer.from([4]), bytes(x), bytes(y)]);
const wrapped = (point: Buffer) => Buffer.concat([Buffer.from([4, point.length]), point]);

function ec(point: Buffer, keyType = CKK.EC): ObjectReader {
  return objectWith({ [CKA.KEY_TYPE]: ulong(keyType), [CKA.EC_POINT]: point });
}

describe('the public half as modules write it', () => {
  it.each<[string, ObjectReader, Algorithm, object]>([
    ['a P-256 point in its OCTET STRING', ec(wrapped(pointOf(EC))), 'ES256', EC],
    ['a P-256 point without', ec(pointOf(EC)), 'ES256', EC],
    ['a P-384 point', ec(wrapped(pointOf(P384))), 'ES384', P384],
    ['an Ed25519 point in its OCTET STRING', ec(wrapped(bytes(ED.x)), CKK.EDWARDS), 'Ed25519', ED],
    ['an Ed25519 point without', ec(bytes(ED.x), CKK.EDWARDS), 'EdDSA', ED],
    [
      'an RSA key with leading zeros',
      objectWith({
        [CKA.KEY_TYPE]: ulong(CKK.RSA),
        [CKA.MODULUS]: Buffer.concat([Buffer.alloc(1), bytes(RSA.n)]),
        [CKA.PUBLIC_EXPONENT]: Buffer.from([0, 1, 0, 1]),
      }),
      'RS256',
      RSA,
    ],
  ])('reads %s', (_, object, algorithm, jwk) => {
    expect(readPublicKey(object, algorithm)).toEqual(jwk);
  });

  it.each<[string, ObjectReader, Algorithm, string]>([
    ['another type', ec(pointOf(EC), CKK.EDWARDS), 'ES256', 'the public key in the HSM is of another type'],
    [
      'another curve',
      ec(wrapped(pointOf(P384))),
      'ES256',
      'the public key in the HSM is not a point of the right length',
    ],
    [
      'a byte too many',
      ec(Buffer.concat([wrapped(pointOf(EC)), Buffer.alloc(1)])),
      'ES256',
      'the public key in the HSM is not a point of the right length',
    ],
    [
      'a compressed point',
      ec(Buffer.concat([Buffer.from([2]), pointOf(EC).subarray(1)])),
      'ES256',
      'the public key in the HSM is not an uncompressed point',
    ],
    [
      'a point beside the curve',
      ec(Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)])),
      'ES256',
      'the public key is not on its curve',
    ],
  ])('refuses %s', (_, object, algorithm, message) => {
    expect(() => readPublicKey(object, algorithm)).toThrow(refused(message));
  });
});

describe('an attribute', () => {
  const read = (value: Buffer | undefined) => objectWith(value ? { [CKA.LOCAL]: value } : {});

  it.each([
    [Buffer.from([1]), true],
    [Buffer.from([0]), false],
  ])('%j is the boolean %s', (value, expected) => {
    expect(read(value).boolean(CKA.LOCAL)).toBe(expected);
  });

  it.each([
    ['two bytes', Buffer.from([1, 0]), 'not a boolean'],
    ['any other byte', Buffer.from([255]), 'not a boolean'],
    ['no byte', Buffer.alloc(0), 'not a boolean'],
    ['no value', undefined, 'no value'],
  ])('with %s is no boolean', (_, value, message) => {
    expect(() => read(value).boolean(CKA.LOCAL)).toThrow(
      expect.objectContaining({ name: 'AttributeError', message }),
    );
  });
});
