import { type HrTime, ValueType } from '@opentelemetry/api';
import { AggregationTemporality, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';
import type { Registry } from 'prom-client';

type Read = Awaited<ReturnType<Registry['getMetricsAsJSON']>>[number];
type Value = Read['values'][number] & { readonly metricName?: string };

interface Span {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

const STARTED_MS = performance.timeOrigin;

/** The metrics as a scrape would find them now, for OTLP. */
export async function readMetrics(registry: Registry): Promise<MetricData[]> {
  const read = await registry.getMetricsAsJSON();
  const span = { startTime: hrTime(STARTED_MS), endTime: hrTime(Date.now()) };
  return read.map((metric) => metricData(metric, span)).filter((data) => data !== undefined);
}

function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}

/** `type` is a text, whatever the types of prom-client say. Summaries there are none. */
function metricData(metric: Read, span: Span): MetricData | undefined {
  const { name, help: description, values } = metric;
  const common = {
    descriptor: { name, description, unit: '', valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const points = () => values.map(({ labels, value }) => ({ ...span, attributes: textual(labels), value }));
  switch (String(metric.type)) {
    case 'counter':
      return { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: points() };
    case 'gauge':
      return { ...common, dataPointType: DataPointType.GAUGE, dataPoints: points() };
    case 'histogram': {
      const dataPoints = [...Map.groupBy(values, labelsOf).values()].map((of) => ({
        ...span,
        ...histogram(of),
      }));
      return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints };
    }
    default:
      return undefined;
  }
}

function labelsOf({ labels }: Value): string {
  const { le: _le, ...others } = labels;
  return JSON.stringify(others);
}

/** prom-client counts in each bucket what is below its bound; OTLP what is between that bound and the one before. */
function histogram(values: readonly Value[]) {
  const of = (suffix: string) => values.filter(({ metricName }) => metricName?.endsWith(suffix));
  const buckets = of('_bucket');
  const { le: _le, ...labels } = buckets[0]?.labels ?? {};
  return {
    attributes: textual(labels),
    value: {
      buckets: {
        boundaries: buckets.map(({ labels }) => Number(labels.le)).filter(Number.isFinite),
        counts: buckets.map(({ value }, at) => value - (buckets[at - 1]?.value ?? 0)),
      },
      sum: of('_sum')[0]?.value ?? 0,
      count: of('_count')[0]?.value ?? 0,
    },
  };
}

function textual(labels: Value['labels']): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}
