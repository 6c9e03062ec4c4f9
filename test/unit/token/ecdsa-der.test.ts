import { generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALGORITHMS } from '../../../src/kernel/algorithm.ts';
import { ecdsaDer } from '../../../src/token/ecdsa-der.ts';

const DATA = Buffer.from('e30.e30');

describe.each([
  ['ES256', 'P-256', 'sha256'],
  ['ES384', 'P-384', 'sha384'],
] as const)('a signature of %s', (algorithm, namedCurve, hash) => {
  const half = ALGORITHMS[algorithm].signatureBytes / 2;
  const order = Buffer.from(ALGORITHMS[algorithm].order.toString(16), 'hex');
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
  const byNode = (signature: Uint8Array) =>
    verify(hash, DATA, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
  const byOurs = (signature: Uint8Array) => {
    const der = ecdsaDer(signature, order);
    return der !== undefined && verify(hash, DATA, publicKey, der);
  };
  const number = (hex: string) => Buffer.from(hex.padStart(2 * half, '0'), 'hex');
  const pair = (r: string, s: string) => Buffer.concat([number(r), number(s)]);

  it('is right as Node has it, and with one byte changed as Node has it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 * half - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, difference) => {
          const signature = sign(hash, DATA, { key: privateKey, dsaEncoding: 'ieee-p1363' });
          expect(byOurs(signature)).toBe(true);
          signature[at] = (signature[at] ?? 0) ^ difference;
          expect(byOurs(signature)).toBe(byNode(signature));
        },
      ),
    );
  });

  it('is one of DER that Node made too, also where a number is short or has its first bit set', () => {
    // One number in 256 begins with a zero byte, and every second one with a bit that is set.
    let short = 0;
    for (let count = 0; count < 600 || short === 0; count++) {
      const der = sign(hash, DATA, privateKey);
      const signature = joseOf(der, half);
      if (signature[0] === 0 || signature[half] === 0) short += 1;
      expect(ecdsaDer(signature, order)).toEqual(der);
    }
  });

  it.each([
    ['1', '1', '3006020101020101'],
    ['7f', '80', '300702017f02020080'],
    ['100', 'ff', '3008020201000202 00ff'.replace(' ', '')],
  ])('of %s and %s is %s', (r, s, der) => {
    expect(ecdsaDer(pair(r, s), order)?.toString('hex')).toBe(der);
  });

  it('may have n - 1, and not 0, n or more', () => {
    const n = ALGORITHMS[algorithm].order;
    const last = (n - 1n).toString(16);
    expect(ecdsaDer(pair(last, last), order)).toBeDefined();
    for (const wrong of ['0', n.toString(16), (n + 1n).toString(16), 'f'.repeat(2 * half)]) {
      expect(ecdsaDer(pair(wrong, '1'), order)).toBeUndefined();
      expect(ecdsaDer(pair('1', wrong), order)).toBeUndefined();
    }
  });

  it('has twice as many bytes as n', () => {
    for (const length of [0, half, 2 * half - 1, 2 * half + 1, 4 * half]) {
      expect(ecdsaDer(Buffer.alloc(length, 1), order)).toBeUndefined();
    }
  });
});

/** The two INTEGERs of a DER signature at full length, one behind the other. */
function joseOf(der: Buffer, half: number): Buffer {
  const r = der.subarray(4, 4 + (der[3] ?? 0));
  const s = der.subarray(6 + r.length);
  const full = (digits: Buffer) => {
    const bytes = Buffer.alloc(half);
    const significant = digits.subarray(Math.max(0, digits.length - half));
    significant.copy(bytes, half - significant.length);
    return bytes;
  };
  return Buffer.concat([full(r), full(s)]);
}
