import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { JsonMetricsSerializer, JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { Logger } from 'pino';
import type { Tracer } from '../kernel/trace.ts';
import { startPeriodicTask } from '../lib/periodic-task.ts';
import { packageVersion } from '../lib/version.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { openCollector, type Signal } from './collector.ts';
import { readMetrics } from './read-metrics.ts';
import { Sampling } from './sampling.ts';
import type { TracingSettings } from './settings.ts';
import { createSpanQueue } from './span-queue.ts';
import { createTracer } from './spans.ts';

/** What waits when the service stops is given that long. */
const STOP_MS = 2_000;
const SCOPE = { name: 'keyward' };

export function startExport(
  settings: TracingSettings & { readonly endpoint: string },
  metrics: Metrics,
  log: Logger,
): { readonly tracer: Tracer; stop(): Promise<void> } {
  const { endpoint, service_name, sample_ratio, asked_per_second, metrics_seconds } = settings;
  const collector = openCollector(settings);
  const resource = resourceFromAttributes({
    'service.name': service_name,
    'service.version': packageVersion(),
    'service.instance.id': randomUUID(),
  });
  const send = async (signal: Signal, body: Uint8Array | undefined) => {
    try {
      if (body) await collector.send(signal, body);
      metrics.telemetryExports.inc({ signal, outcome: 'ok' });
    } catch (error) {
      metrics.telemetryExports.inc({ signal, outcome: 'failed' });
      throw error;
    }
  };
  const spans = createSpanQueue({
    settings,
    resource,
    send: (batch) => send('traces', JsonTraceSerializer.serializeRequest([...batch])),
    lost: metrics.spansLost,
    log,
  });
  const sendMetrics = async () => {
    const scopeMetrics = [{ scope: SCOPE, metrics: await readMetrics(metrics.registry) }];
    await send('metrics', JsonMetricsSerializer.serializeRequest({ resource, scopeMetrics }));
  };
  const task =
    metrics_seconds === null
      ? undefined
      : startPeriodicTask({
          tick: sendMetrics,
          everyMs: metrics_seconds * 1_000,
          log,
          failure: 'metrics cannot be sent to the collector; it is tried again',
          recovery: 'metrics are sent to the collector again',
        });
  log.info({ endpoint }, 'tracing is on');
  return {
    tracer: createTracer(
      spans.provider.getTracer(SCOPE.name),
      new Sampling({ ratio: sample_ratio, askedPerSecond: asked_per_second }),
    ),
    async stop() {
      const last = [spans.provider.shutdown(), task?.stop().then(sendMetrics)];
      await Promise.race([Promise.allSettled(last), pause(STOP_MS, undefined, { ref: false })]);
      collector.close();
    },
  };
}
