import { DataPointType } from '@opentelemetry/sdk-metrics';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createMetrics } from '../../../src/metrics/metrics.ts';
import { readMetrics } from '../../../src/tracing/read-metrics.ts';

it('tells counters, gauges and histograms as a scrape would', async () => {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: 'tokens', help: 'Tokens', labelNames: ['scope'], registers }).inc({ scope: 'a' }, 3);
  new Gauge({ name: 'queue', help: 'Queue', registers }).set(7);
  const seconds = new Histogram({
    name: 'seconds',
    help: 'Time',
    buckets: [1, 2],
    labelNames: ['of'],
    registers,
  });
  for (const value of [0.5, 1.5, 1.75, 9]) seconds.observe({ of: 'x' }, value);
  seconds.observe({ of: 'y' }, 1);
  const read = await readMetrics(registry);
  const points = read.map(({ descriptor, dataPointType, dataPoints }) => [
    descriptor.name,
    dataPointType,
    dataPoints.map(({ attributes, value }) => [attributes, value]),
  ]);
  expect(points).toEqual([
    ['tokens', DataPointType.SUM, [[{ scope: 'a' }, 3]]],
    ['queue', DataPointType.GAUGE, [[{}, 7]]],
    [
      'seconds',
      DataPointType.HISTOGRAM,
      [
        [{ of: 'x' }, { buckets: { boundaries: [1, 2], counts: [1, 2, 1] }, sum: 12.75, count: 4 }],
        [{ of: 'y' }, { buckets: { boundaries: [1, 2], counts: [1, 0, 0] }, sum: 1, count: 1 }],
      ],
    ],
  ]);
});

it('leaves out none of the service’s own', async () => {
  const { registry } = createMetrics();
  const names = (await readMetrics(registry)).map(({ descriptor }) => descriptor.name);
  expect(names).toEqual((await registry.getMetricsAsJSON()).map(({ name }) => name));
});
