import { checkPrimeSync, generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import { ALGORITHM_NAMES } from '../../../src/kernel/algorithm.ts';
import { importPublicKey, readPublicJwk, thumbprint } from '../../../src/token/public-jwk.ts';
import { softwareKey } from '../../support/software-keys.ts';

// RFC 7638 §3.1
const RSA = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
  alg: 'RS256',
  kid: '2011-04-29',
};
// RFC 8037 A.2 and A.3
const ED25519 = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
const EC = softwareKey('ES256').publicJwk as { kty: 'EC'; crv: 'P-256'; x: string; y: string };

const bytes = (...values: number[]) => Buffer.from(values).toString('base64url');
const little = (hex: string) => Buffer.from(hex, 'hex').toString('base64url');
const reworked = (text: string, rework: (raw: Buffer) => Buffer) =>
  rework(Buffer.from(text, 'base64url')).toString('base64url');
const jwkOf = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey.export({ format: 'jwk' });

const SMALL = Array.from({ length: 1_000 }, (_, n) => BigInt(n)).filter((n) => checkPrimeSync(n));
/** The largest modulus of that many bits that is like this. */
function largest(bits: number, isLikeThis: (n: bigint) => boolean): string {
  let n = 2n ** BigInt(bits) - 1n;
  while (!isLikeThis(n)) n -= 2n;
  return Buffer.from(n.toString(16), 'hex').toString('base64url');
}

describe('thumbprint', () => {
  it('is that of RFC 7638 §3.1', () => {
    expect(thumbprint(readPublicJwk(RSA))).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  });

  it('is that of RFC 8037 A.3', () => {
    expect(thumbprint(readPublicJwk(ED25519))).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  it.each(ALGORITHM_NAMES)('is what jose makes of a key for %s', async (algorithm) => {
    const { publicJwk, kid } = softwareKey(algorithm);
    expect(kid).toBe(await calculateJwkThumbprint({ ...publicJwk }, 'sha256'));
  });
});

describe('readPublicJwk', () => {
  it('keeps the members that make the key and no other', () => {
    expect(readPublicJwk({ ...EC, kid: 'x', alg: 'ES256', use: 'sig', exp: 1 })).toEqual(EC);
    expect(readPublicJwk(RSA)).toEqual({ kty: 'RSA', n: RSA.n, e: RSA.e });
  });

  it.each(ALGORITHM_NAMES)('gives a key for %s that can be imported as it was', (algorithm) => {
    const { publicJwk } = softwareKey(algorithm);
    expect(importPublicKey(publicJwk).export({ format: 'jwk' })).toEqual(publicJwk);
  });

  it.each([2048, 3072, 4096])('accepts RSA of %i bits', (bits) => {
    const jwk = { kty: 'RSA', n: largest(bits, (n) => SMALL.every((prime) => n % prime !== 0n)), e: 'AQAB' };
    expect(readPublicJwk(jwk)).toEqual(jwk);
  });

  it.each([3n, 5n, 167n, 173n, 541n, 997n])(
    'refuses a modulus of which %d is the only small factor',
    (prime) => {
      const n = largest(2048, (n) => SMALL.every((each) => (n % each === 0n) === (each === prime)));
      expect(() => readPublicJwk({ ...RSA, n })).toThrow('the public key has a modulus with a small factor');
    },
  );

  it('accepts a modulus whose smallest factor is beyond 1000', () => {
    const n = largest(2048, (n) => n % 1_009n === 0n && SMALL.every((prime) => n % prime !== 0n));
    expect(readPublicJwk({ ...RSA, n })).toEqual({ kty: 'RSA', n, e: 'AQAB' });
  });

  it('accepts key_ops that say verify', () => {
    expect(readPublicJwk({ ...EC, key_ops: ['verify'] })).toEqual(EC);
  });

  it.each([
    ...[
      ['verify', 'encrypt'],
      ['verify', 'sign'],
      ['sign', 'verify'],
      ['verify', 'verify'],
      ['verify', 5, {}],
    ],
    ...[[], ['sign'], ['Verify'], [['verify']], 'verify', { 0: 'verify', length: 1 }, null],
  ])('refuses key_ops of %j', (operations) => {
    expect(() => readPublicJwk({ ...EC, key_ops: operations })).toThrow(
      'the public key is not for verifying alone',
    );
  });

  it('accepts an exponent of 65537 and above', () => {
    expect(readPublicJwk({ ...RSA, e: bytes(1, 0, 3) })).toMatchObject({ e: 'AQAD' });
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a list', [EC]],
    ['text', JSON.stringify(EC)],
    ['no type', { crv: EC.crv, x: EC.x, y: EC.y }],
    ['a name of the prototype as type', { kty: 'constructor' }],
    ['a shared secret', { kty: 'oct', k: 'AAAA' }],
    ['a shared secret beside a key', { ...EC, k: 'AAAA' }],
    ['a private EC key', { ...EC, d: EC.x }],
    [
      'a private RSA key',
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
    ],
    ['one prime factor', { ...RSA, p: 'AQAB' }],
    ['other primes', { ...RSA, oth: [] }],
    ['a key for encryption', { ...EC, use: 'enc' }],
    ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey.export({ format: 'jwk' })],
    ['secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' })],
    ['P-256 under the name of P-384', { ...EC, crv: 'P-384' }],
    ['x and y swapped', { ...EC, x: EC.y, y: EC.x }],
    ['the point at zero', { ...EC, x: bytes(...Array(32).fill(0)), y: bytes(...Array(32).fill(0)) }],
    ['no y', { ...EC, y: undefined }],
    ['x a number', { ...EC, x: 7 }],
    ['x with a zero before', { ...EC, x: reworked(EC.x, (raw) => Buffer.concat([Buffer.alloc(1), raw])) }],
    ['x with padding', { ...EC, x: `${EC.x}=` }],
    ['x with unused bits', { ...EC, x: `${EC.x.slice(0, -1)}${EC.x.endsWith('B') ? 'C' : 'B'}` }],
    ['RSA of 1024 bits', jwkOf(1024)],
    [
      'RSA of 2047 bits',
      { ...RSA, n: reworked(RSA.n, (raw) => Buffer.concat([Buffer.from([0x7f]), raw.subarray(1)])) },
    ],
    ['RSA of 8192 bits', { ...RSA, n: Buffer.alloc(1024, 0xff).toString('base64url') }],
    [
      'a modulus with a zero before',
      { ...RSA, n: reworked(RSA.n, (raw) => Buffer.concat([Buffer.alloc(1), raw])) },
    ],
    [
      'an even modulus',
      { ...RSA, n: reworked(RSA.n, (raw) => Buffer.concat([raw.subarray(0, -1), Buffer.alloc(1)])) },
    ],
    ['an exponent of 3', jwkOf(2048, 3)],
    ['an exponent of 65535', { ...RSA, e: bytes(0xff, 0xff) }],
    ['an even exponent', { ...RSA, e: bytes(1, 0, 2) }],
    ['an exponent with a zero before', { ...RSA, e: bytes(0, 1, 0, 1) }],
    ['an exponent of nine bytes', { ...RSA, e: bytes(1, 0, 0, 0, 0, 0, 0, 0, 1) }],
    ['no exponent', { ...RSA, e: '' }],
    ['Ed448', generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' })],
    ['X25519', generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })],
    ['an Ed25519 key a byte short', { ...ED25519, x: reworked(ED25519.x, (raw) => raw.subarray(1)) }],
    ['a point off Ed25519', { ...ED25519, x: little(`02${'00'.repeat(31)}`) }],
    ['the neutral point of Ed25519', { ...ED25519, x: little(`01${'00'.repeat(31)}`) }],
    ['a point of order 4', { ...ED25519, x: little('00'.repeat(32)) }],
    [
      'a point of order 8',
      { ...ED25519, x: little('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a') },
    ],
    [
      'another of order 8',
      { ...ED25519, x: little('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05') },
    ],
    ['a number beyond the field', { ...ED25519, x: little('ff'.repeat(32)) }],
  ])('refuses %s', (_, jwk) => {
    expect(() => readPublicJwk(jwk)).toThrow(
      expect.objectContaining({ name: 'KeywardError', code: 'key_unproven' }),
    );
  });

  it('names no member of the key in what it says', () => {
    expect(() => readPublicJwk({ ...EC, d: 'secret' })).toThrow('the public key holds a secret member');
  });
});
