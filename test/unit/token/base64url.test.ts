import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64url } from '../../../src/token/base64url.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** RFC 4648 §5 by the letter. */
function isCanonical(text: string): boolean {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return false;
  const unused = { 0: 0, 2: 15, 3: 3 }[text.length % 4] ?? 0;
  return unused === 0 || (ALPHABET.indexOf(text.slice(-1)) & unused) === 0;
}

describe('decodeBase64url', () => {
  it.each([
    ['', ''],
    ['AA', '00'],
    ['_-8', 'ffef'],
    ['Zm9v', '666f6f'],
  ])('decodes %j', (text, hex) => {
    expect(decodeBase64url(text)?.toString('hex')).toBe(hex);
  });

  it.each([
    'A',
    'AB',
    'AAB',
    'AA==',
    'AA=',
    '+/8',
    'Zm 9v',
    'Zm9v\n',
    'Zm.9v',
    'Zm9é',
    'AA\u0100A',
    'Zm9v\0',
  ])('refuses %j', (text) => {
    expect(decodeBase64url(text)).toBeUndefined();
  });

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase64url(Buffer.from(bytes).toString('base64url'))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('decodes canonical texts and no others', () => {
    const text = fc.string({ unit: fc.constantFrom(...ALPHABET, '=', '+', ' '), maxLength: 12 });
    fc.assert(
      fc.property(text, (candidate) => {
        expect(decodeBase64url(candidate) !== undefined).toBe(isCanonical(candidate));
      }),
      { numRuns: 5_000 },
    );
  });
});
