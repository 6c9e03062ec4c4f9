import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bench, prepareBench } from '../../scripts/crash/bench.ts';
import type { Options } from '../../scripts/crash/options.ts';
import { crash } from '../../scripts/crash/run.ts';

const SCRIPT = join(import.meta.dirname, '../../scripts/crash.ts');
const TIMEOUT_MS = 180_000;

let bench: Bench;
beforeAll(async () => {
  bench = await prepareBench();
}, TIMEOUT_MS);
afterAll(() => bench.remove());

async function expectNothingLost(options: Omit<Options, 'help'>): Promise<void> {
  const { texts, kills, lost, tokens, records } = await crash(bench, options);
  expect({ texts, kills, lost }).toStrictEqual({ texts: [], kills: options.kills, lost: 0 });
  expect(tokens).toBeGreaterThanOrEqual(1);
  expect(records).toBeGreaterThanOrEqual(tokens);
}

it(
  'keeps the record of every token in a client’s hands, whenever the front is killed (I5)',
  {
    timeout: TIMEOUT_MS,
  },
  () => expectNothingLost({ kills: 3, target: 'front', forget: false, seed: 1 }),
);

it('keeps it also where all that the front did not sync is lost', { timeout: TIMEOUT_MS }, () =>
  expectNothingLost({ kills: 3, target: 'front', forget: true, seed: 2 }),
);

it('keeps it also where the signer is killed with the front, or alone', { timeout: TIMEOUT_MS }, async () => {
  await expectNothingLost({ kills: 2, target: 'both', forget: true, seed: 3 });
  await expectNothingLost({ kills: 2, target: 'signer', forget: false, seed: 4 });
});

it('says what is lost, and ends with 1, where a sync does nothing', { timeout: TIMEOUT_MS }, () => {
  const { status, stdout } = spawnSync(
    process.execPath,
    [SCRIPT, '--kills', '1', '--forget', '--seed', '5'],
    {
      env: { ...process.env, FORGET_IGNORE_FSYNC: '1' },
      encoding: 'utf8',
    },
  );
  const [, folder] = /^the database is left in (.+)$/m.exec(stdout) ?? [];
  if (folder !== undefined) rmSync(folder, { recursive: true });
  const [, tokens, lost] =
    /^(\d+) tokens in clients' hands, (\d+) of them without a record; 0/m.exec(stdout) ?? [];
  expect({ status, lost }).toStrictEqual({ status: 1, lost: tokens });
  expect(Number(lost)).toBeGreaterThanOrEqual(1);
});
