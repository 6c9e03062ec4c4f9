import type { Resource } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import type { Metrics } from '../metrics/metrics.ts';
import type { TracingSettings } from './settings.ts';

interface SpanQueueDeps {
  readonly settings: Pick<TracingSettings, 'queue' | 'export_seconds' | 'deadline_ms'>;
  readonly resource: Resource;
  /** Rejects where the collector did not take them. */
  readonly send: (batch: readonly ReadableSpan[]) => Promise<void>;
  readonly lost: Metrics['spansLost'];
  readonly log: Logger;
}

const MOST_IN_A_BATCH = 512;
const [SUCCESS, FAILED] = [0, 1];

/** Spans on their way to the collector. So many wait or are under way; more are lost, and counted. */
export function createSpanQueue({ settings, resource, send, lost, log }: SpanQueueDeps) {
  const { queue, export_seconds, deadline_ms } = settings;
  let waiting = 0;
  let isFailing = false;
  const failed = (count: number, error: unknown) => {
    lost.inc({ why: 'collector' }, count);
    if (!isFailing) log.warn({ err: error }, 'spans cannot be sent to the collector, and are lost');
    isFailing = true;
  };
  const worked = () => {
    if (isFailing) log.info('spans are sent to the collector again');
    isFailing = false;
  };
  const exporter: SpanExporter = {
    export(batch, done) {
      void send(batch)
        .then(worked, (error: unknown) => failed(batch.length, error))
        .then(() => {
          waiting -= batch.length;
          done({ code: isFailing ? FAILED : SUCCESS } as Parameters<typeof done>[0]);
        });
    },
    shutdown: async () => {},
  };
  const batches = new BatchSpanProcessor({
    exporter,
    maxQueueSize: queue,
    maxExportBatchSize: Math.min(MOST_IN_A_BATCH, queue),
    scheduledDelayMillis: export_seconds * 1_000,
    exportTimeoutMillis: 2 * deadline_ms,
  });
  const bounded: SpanProcessor = {
    onStart() {},
    onEnd(span) {
      if (waiting >= queue) {
        lost.inc({ why: 'queue' });
        return;
      }
      waiting += 1;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };
  return {
    provider: new TracerProvider({
      resource,
      spanProcessors: [bounded],
      // What is not sampled has no span at all.
      sampler: new AlwaysOnSampler(),
    }),
  };
}
