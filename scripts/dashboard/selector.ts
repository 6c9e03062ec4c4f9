import { documentedMetrics } from '../metrics/documented-metrics.ts';

const LABELS = new Map(documentedMetrics().map(({ name, labels }) => [name, labels]));

/**
 * A metric as the variables of the dashboard narrow it: by instance, and by scope where it has one. `matchers` are in
 * PromQL, such as `state="active"`.
 */
export function of(metric: string, ...matchers: readonly string[]): string {
  const labels = LABELS.get(metric.replace(/_bucket$/, '')) ?? [];
  const narrowed = ['instance=~"$instance"', ...(labels.includes('scope') ? ['scope=~"$scope"'] : [])];
  return `${metric}{${[...narrowed, ...matchers].join(', ')}}`;
}

/** What a counter gains a second. */
export function rateOf(metric: string, ...matchers: readonly string[]): string {
  return `rate(${of(metric, ...matchers)}[$__rate_interval])`;
}

/** What a counter gained within each step of a graph. */
export function gainOf(metric: string, ...matchers: readonly string[]): string {
  return `increase(${of(metric, ...matchers)}[$__rate_interval])`;
}
