import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { createFileSink } from './sinks/file-sink.ts';
import { createSyslogSink } from './sinks/syslog-sink.ts';
import { Sinks } from './sinks.ts';
import type { Config } from '../config.ts';
import type { AuditSink } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import type { OutageWatch } from '../watch-outages.ts';

/** The sinks of the configuration, before the database is opened: its changes ask them. */
export function openSinks({ audit }: Config, clock: Clock, log: Logger, outages: OutageWatch): Sinks {
  return new Sinks({
    sinks: audit.sinks.map(openSink),
    deadlineMs: audit.sink_deadline_ms,
    clock,
    watch: {
      failed(sink, err) {
        log.error({ sink, err }, 'audit sink failed');
        outages.sinks.began(sink, err instanceof Error ? err.message : String(err));
      },
      recovered(sink) {
        log.info({ sink }, 'audit sink works again');
        outages.sinks.ended(sink);
      },
      changed(sink, { why, isLost }) {
        log.error({ sink, why, isLost }, 'audit sink was changed by somebody else');
        outages.sinks.happened(sink, why);
      },
    },
  });
}

function openSink(sink: Config['audit']['sinks'][number]): AuditSink {
  if (sink.type === 'file') return createFileSink(sink.file);
  const { host, port, tls } = sink;
  if (!tls) return createSyslogSink({ host, port });
  const ca = tls.ca_file === undefined ? undefined : readFileSync(tls.ca_file, 'utf8');
  return createSyslogSink({ host, port, tls: { ca } });
}
