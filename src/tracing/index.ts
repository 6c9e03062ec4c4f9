import type { Logger } from 'pino';
import type { Capability } from '../kernel/capability.ts';
import type { Tracer } from '../kernel/trace.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { TracingSettings } from './settings.ts';

interface TracingDeps {
  readonly config: { readonly tracing: TracingSettings };
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Traces and metrics for a collector. Without an endpoint there is no tracer, and no package of it is loaded. */
export async function openTracing({
  config,
  metrics,
  log,
}: TracingDeps): Promise<Capability & { readonly tracer: Tracer | undefined }> {
  const { endpoint, ...settings } = config.tracing;
  if (endpoint === undefined) return { tracer: undefined };
  const { startExport } = await import('./export.ts');
  return startExport({ ...settings, endpoint }, metrics, log);
}
