import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { metricsPage } from '../../../scripts/metrics-page.ts';

it('docs/metrics.md is what the tables of metrics say: `npm run docs:metrics` brings it in step', () => {
  const page = new URL('../../../docs/metrics.md', import.meta.url);
  expect(readFileSync(page, 'utf8')).toBe(metricsPage());
});
