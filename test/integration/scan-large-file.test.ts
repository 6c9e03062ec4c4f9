import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EXPANSION_LIMITS } from '../../src/scan/finding.ts';
import { Names } from '../../src/scan/format.ts';
import { scanContent } from '../../src/scan/scan-content.ts';
import { walk } from '../../src/scan/walk.ts';
import { folderOfTest } from '../support/folder-of-test.ts';
import { CREDENTIAL } from '../support/plant.ts';

const MEGABYTE = 1024 * 1024;

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
