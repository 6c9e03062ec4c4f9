import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { shareInUse, watchDisks } from '../../../src/health/disk.ts';

it('holds the last share seen of each', async () => {
  const shares = [0.25, 0.5];
  const disks = watchDisks({ database: '/data' }, async () => shares.shift() ?? 0);
  expect(disks.used()).toEqual({});
  await disks.refresh();
  expect(disks.used()).toEqual({ database: 0.25 });
  await disks.refresh();
  expect(disks.used()).toEqual({ database: 0.5 });
});

it('measures a folder that is still to be made where it will be', async () => {
  const { blocks, bfree, bavail } = statfsSync(tmpdir());
  const share = await shareInUse(join(tmpdir(), 'not', 'there', 'yet'));
  expect(share).toBeCloseTo((blocks - bfree) / (blocks - bfree + bavail), 2);
});
