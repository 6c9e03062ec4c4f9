import { expect, test } from 'vitest';
import { createMetrics } from '../../../src/metrics/metrics.ts';

test('a gauge that cannot be read is left out and counted, and the others are told', async () => {
  const metrics = createMetrics();
  metrics.watch({
    factsDropped() {
      throw new Error('away');
    },
    logLinesLost: () => 3,
  });
  const told = await metrics.registry.metrics();
  expect(told).toContain('keyward_log_lines_lost 3\n');
  expect(told).not.toMatch(/^keyward_facts_dropped /m);
  expect(await metrics.registry.metrics()).toContain(
    'keyward_gauge_failures_total{gauge="keyward_facts_dropped"} 2\n',
  );
});
