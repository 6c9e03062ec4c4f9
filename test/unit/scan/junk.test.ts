import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { places, scanned } from '../../support/plant.ts';

const MEGABYTE = 1024 * 1024;

describe('junk', () => {
  it('of any bytes is read to its end and nothing is found in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 20_000 }), async (bytes) => {
        expect(places(await scanned(bytes))).toEqual([]);
        await scanned(bytes);
      }),
      { numRuns: 200 },
    );
    expect(places(await scanned(randomBytes(8 * MEGABYTE)))).toEqual([]);
  });

  // Each would take minutes with a search that begins anew at every letter; the limit of the test is generous.
  it.each([
    ['beginnings of tokens', 'eyJ'],
    ['segments', 'a.'],
    ['beginnings of claims', 'eyJ.eyJ.'],
    ['backslashes', '\\'],
    ['beginnings of PEM', '-----BEGIN PRIVATE KEY-----'],
    ['members of keys', '"d":"aaaaaaaaaaaaaaaaaaaaaaaa","kty":"",'],
    ['braces', '{"d":"aaaaaaaaaaaaaaaaaaaaaaaa",{"kty'],
    ['prefixes', 'kw_svc_'],
    ['one word', 'a'],
    ['UTF-16', 'e\0y\0J\0.\0'],
    ['words, one a line', 'eightlet\n'],
    ['opened objects', '"kty":"{'],
  ])(
    'of nothing but %s is read in good time',
    async (_, part) => {
      const bytes = Buffer.alloc(MEGABYTE, part);
      await scanned(bytes);
    },
    60_000,
  );
});
