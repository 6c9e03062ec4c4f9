import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MOST_PIN_CANDIDATES,
  packPinCandidates,
  unpackPinCandidates,
} from '../../../src/domain/pin-candidates.ts';
import { makeBoxKey, seal, unseal } from '../../../src/domain/sealed-box.ts';

describe('a sealed box', () => {
  const key = makeBoxKey();

  it('opens for its key alone, and shows nothing of what is in it', () => {
    const plain = Buffer.from('48213077 and more');
    const box = seal(key.publicKey, plain);
    expect(unseal(key, box)?.equals(plain)).toBe(true);
    expect(unseal(makeBoxKey(), box)).toBeUndefined();
    expect(box.includes('48213077')).toBe(false);
    expect(seal(key.publicKey, plain).equals(box)).toBe(false);
  });

  it('does not open once a bit of it is another, or some of it is missing', () => {
    const box = seal(key.publicKey, Buffer.from('12345678'));
    fc.assert(
      fc.property(fc.nat({ max: box.length * 8 - 1 }), (bit) => {
        const changed = Buffer.from(box);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        // The highest bit of an X25519 key is not looked at (RFC 7748 §5), but it is in the key of the box.
        expect(unseal(key, changed)).toBeUndefined();
      }),
    );
    for (const length of [0, 1, 31, 32, 47, 48, box.length - 1]) {
      expect(unseal(key, box.subarray(0, length))).toBeUndefined();
    }
    expect(unseal(key, Buffer.concat([Buffer.alloc(32), randomBytes(40)]))).toBeUndefined();
  });
});

describe('candidates for a PIN', () => {
  it('are packed and unpacked, one at least', () => {
    const candidates = ['12345678', 'x'.repeat(64), 'with space'];
    expect(unpackPinCandidates(packPinCandidates(candidates))?.map(String)).toEqual(candidates);
    expect(unpackPinCandidates(Buffer.alloc(0))).toBeUndefined();
  });

  it('are refused as a whole where one is too short or too long, cut off, or there are too many', () => {
    const most = Array.from({ length: MOST_PIN_CANDIDATES }, () => '12345678');
    expect(unpackPinCandidates(packPinCandidates(most))).toHaveLength(1_000);
    for (const wrong of [['1234567'], ['x'.repeat(65)], ['12345678', ''], [...most, '12345678']]) {
      expect(unpackPinCandidates(packPinCandidates(wrong))).toBeUndefined();
    }
    expect(unpackPinCandidates(packPinCandidates(['12345678']).subarray(0, 8))).toBeUndefined();
  });
});
