import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { NODE_FLAGS } from '../../../src/lib/node-flags.ts';
import { YOUNG_MB } from '../../support/young-generation.ts';

it.each(['scripts/keyward', 'scripts/package/starter'])('`%s` starts Node with them', (starter) => {
  const text = readFileSync(new URL(`../../../${starter}`, import.meta.url), 'utf8');
  expect(text).toContain(`exec node ${NODE_FLAGS.join(' ')} "$top/`);
});

/** Of the main thread, and of a worker. */
const MEASURE = `
const { isMainThread, Worker } = require('node:worker_threads');
console.log(${YOUNG_MB});
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
