import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { NODE_FLAGS } from '../../../src/lib/node-flags.ts';

it.each(['scripts/keyward', 'scripts/package/starter'])('`%s` starts Node with them', (starter) => {
  const text = readFileSync(new URL(`../../../${starter}`, import.meta.url), 'utf8');
  expect(text).toContain(`exec node ${NODE_FLAGS.join(' ')} "$top/`);
});

/** In MB: what the young generation came to, of the main thread and of a worker, each making garbage. */
const MEASURE = `
const { isMainThread, Worker } = require('node:worker_threads');
const v8 = require('node:v8');
let most = 0;
let kept = [];
for (let n = 0; n < 1_500_000; n++) {
  kept.push({ n, of: [n] });
  if (kept.length > 20_000) kept = kept.slice(10_000);
  if (n % 5_000 === 0) {
    most = Math.max(most, v8.getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size);
  }
}
console.log(most >> 20);
if (isMainThread) new Worker(process.env.MEASURE, { eval: true, execArgv: [] });
`;

it('bounds the young generation of each thread, which else takes what the machine has', () => {
  const measured = (flags: readonly string[]) =>
    spawnSync(process.execPath, [...flags, '-e', MEASURE], { encoding: 'utf8', env: { MEASURE } })
      .stdout.trim()
      .split('\n')
      .map(Number);
  const bounded = measured(NODE_FLAGS);
  expect(bounded).toHaveLength(2);
  for (const mb of bounded) expect(mb).toBeLessThanOrEqual(24);
  for (const mb of measured([])) expect(mb).toBeGreaterThan(24);
});
