import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { shareInUse, watchDisks } from '../../../src/disk-watch.ts';
import { recordedLog } from '../http/fakes.ts';

function watched(shares: number[]) {
  const { log, lines } = recordedLog();
  const disks = watchDisks({ database: '/data' }, log, async () => shares.shift() ?? 0);
  onTestFinished(() => disks.stop());
  return { disks, said: () => lines.map(({ level, msg }) => [level, msg]) };
}

it('warns from three quarters, alarms from nine tenths, each once, and tells of the end', async () => {
  const { disks, said } = watched([0.749, 0.75, 0.899, 0.9, 0.95, 0.8, 0.5, 0.5]);
  for (let looks = 0; looks < 8; looks++) await disks.look();
  expect(said().map(([, msg]) => msg)).toEqual([
    'disk is three quarters full',
    'disk is nine tenths full: without room no token is issued',
    'disk is three quarters full',
    'disk has room again',
  ]);
});

it('holds the last share seen of each', async () => {
  const { disks } = watched([0.25]);
  expect(disks.used()).toEqual({});
  await disks.look();
  expect(disks.used()).toEqual({ database: 0.25 });
});

it('measures a folder that is still to be made where it will be', async () => {
  const { blocks, bfree, bavail } = statfsSync(tmpdir());
  const share = await shareInUse(join(tmpdir(), 'not', 'there', 'yet'));
  expect(share).toBeCloseTo((blocks - bfree) / (blocks - bfree + bavail), 2);
});
