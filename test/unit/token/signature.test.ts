import { describe, expect, it } from 'vitest';
import { ALGORITHM_NAMES } from '../../../src/kernel/algorithm.ts';
import { verifySignature, verifySignatureSync } from '../../../src/token/signature.ts';
import { signWith, softwareKey } from '../../support/software-keys.ts';

const INPUT = 'e30.e30';

describe.each(ALGORITHM_NAMES)('%s', (algorithm) => {
  const key = softwareKey(algorithm);
  const signature = key.sign(INPUT);
  const check = async (input: string, candidate: Uint8Array, publicKey = key.publicKey) => {
    const answer = await verifySignature(algorithm, publicKey, input, candidate);
    expect(verifySignatureSync(algorithm, publicKey, input, candidate)).toBe(answer);
    return answer;
  };

  it('accepts its own signature, as any kind of bytes', async () => {
    expect(await check(INPUT, signature)).toBe(true);
    expect(await check(INPUT, new Uint8Array(signature))).toBe(true);
  });

  it('refuses it for another text and by another key', async () => {
    expect(await check('e30.e31', signature)).toBe(false);
    expect(await check(INPUT, signature, softwareKey(algorithm).publicKey)).toBe(false);
  });

  it('refuses each single bit changed in the first and last byte', async () => {
    for (const at of [0, signature.length - 1]) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = Buffer.from(signature);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        expect(await check(INPUT, changed)).toBe(false);
      }
    }
  });

  it.each([0, 1, 63, 65, 95, 97, 255, 257, 4_096])('refuses %i bytes', async (length) => {
    expect(await check(INPUT, Buffer.alloc(length, 1))).toBe(false);
  });
});

describe.each([
  ['ES256', 32, 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'],
  [
    'ES384',
    48,
    'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  ],
] as const)('%s', (algorithm, half, order) => {
  const key = softwareKey(algorithm);
  const signature = key.sign(INPUT);
  const numbers = ['00'.repeat(half), order, 'ff'.repeat(half)].map((hex) => Buffer.from(hex, 'hex'));

  it('refuses a right signature by a key on another curve, at whatever length', async () => {
    const other = softwareKey(algorithm === 'ES256' ? 'ES384' : 'ES256');
    const theirs = signWith(algorithm, other.privateKey, INPUT);
    const length = theirs.length / 2;
    const padded = Buffer.alloc(2 * half);
    for (const [at, part] of [theirs.subarray(0, length), theirs.subarray(length)].entries()) {
      part.subarray(Math.max(0, length - half)).copy(padded, at * half + Math.max(0, half - length));
    }
    expect(await verifySignature(algorithm, other.publicKey, INPUT, padded)).toBe(false);
  });

  it.each([0, half])('refuses 0, n and more at byte %i', async (offset) => {
    for (const number of numbers) {
      const changed = Buffer.from(signature);
      number.copy(changed, offset);
      expect(await verifySignature(algorithm, key.publicKey, INPUT, changed)).toBe(false);
    }
  });
});
