import { GAUGES, type GaugeName } from '../../src/metrics/gauges.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';

/** A metric as the code declares it. */
export interface DocumentedMetric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Every metric of the service's own, whether or not anything has been counted yet. */
export function documentedMetrics(): readonly DocumentedMetric[] {
  const metrics = createMetrics();
  for (const gauge of Object.keys(GAUGES) as GaugeName[]) metrics.watch({ [gauge]: () => ({}) });
  return metrics.registry
    .getMetricsAsArray()
    .filter(({ name }) => name.startsWith('keyward_'))
    .map(({ name, type, help, ...rest }) => ({
      name,
      type: String(type),
      help,
      labels: [...declared(rest), ...(String(type) === 'histogram' ? ['le'] : [])],
    }));
}

function declared(metric: object): readonly string[] {
  return 'labelNames' in metric ? (metric.labelNames as readonly string[]) : [];
}
