import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXPANSION_LIMITS } from '../../../src/scan/finding.ts';
import { Names } from '../../../src/scan/format.ts';
import { scanContent } from '../../../src/scan/scan-content.ts';
import { walk } from '../../../src/scan/walk.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { CREDENTIAL, places, scanned } from './plant.ts';

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

it('finds what stands behind the second gigabyte, with the memory of one window', async () => {
  const path = join(folderOfTest(), 'large');
  const at = 2 * 1024 * MEGABYTE + 12_345;
  const file = openSync(path, 'w');
  ftruncateSync(file, at + MEGABYTE);
  writeSync(file, CREDENTIAL, at);
  closeSync(file);
  const before = process.memoryUsage().rss;
  let most = 0;
  const found: number[] = [];
  const onRead = () => {
    most = Math.max(most, process.memoryUsage().rss);
  };
  for await (const walked of walk(path, new Names())) {
    if (!('content' in walked)) throw new Error('no file');
    for await (const each of scanContent(walked.content, { onRead, limits: EXPANSION_LIMITS })) {
      if ('found' in each) found.push(each.found.offset);
    }
  }
  expect(found).toEqual([at]);
  expect((most - before) / MEGABYTE).toBeLessThan(300);
}, 180_000);
