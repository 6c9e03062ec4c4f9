import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** How often the old generation was collected, while so much was replaced and as much kept. */
const MEASURE = `
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { boundHeap } from '${new URL('../../../src/lib/node-flags.ts', import.meta.url).href}';
let major = 0;
new PerformanceObserver((list) => {
  for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) major += 1;
}).observe({ entryTypes: ['gc'] });
if (process.env.BOUND) boundHeap();
const kept = [];
for (let n = 0; n < 4_000_000; n++) kept[n % 200_000] = { n, of: [n] };
setTimeout(() => console.log(major), 10);
`;

function collections(BOUND: string): number {
  const argv = ['--max-semi-space-size=8', '--input-type=module', '--eval', MEASURE];
  return Number(spawnSync(process.execPath, argv, { encoding: 'utf8', env: { BOUND } }).stdout);
}

it('has the old generation collected more often, so that it stays smaller', () => {
  const [bound, unbound] = [collections('1'), collections('')];
  expect(unbound).toBeGreaterThan(0);
  expect(bound).toBeGreaterThan(unbound);
});
