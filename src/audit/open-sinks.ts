import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { OutageWatch } from '../events/outages.ts';
import { KEYWARD } from '../kernel/actor.ts';
import { type AuditEvent, actOf } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import { authoritiesOf } from '../lib/certificates.ts';
import { errorMessage } from '../lib/text.ts';
import { describeNotifications } from '../notifications/configured.ts';
import type { AuditSink } from './sink-line.ts';
import { createFileSink } from './sinks/file-sink.ts';
import { createSyslogSink } from './sinks/syslog-sink.ts';
import { Sinks } from './sinks.ts';

/** The sinks of the configuration, before the database is opened: its changes ask them. */
export function openSinks({ audit }: Config, clock: Clock, log: Logger, outages: OutageWatch): Sinks {
  return new Sinks({
    sinks: audit.sinks.map(openSink),
    deadlineMs: audit.sink_deadline_ms,
    clock,
    watch: {
      failed(sink, err) {
        log.error({ sink, err }, 'audit sink failed');
        outages.sinks.began(sink, errorMessage(err));
      },
      recovered(sink) {
        log.info({ sink }, 'audit sink works again');
        outages.sinks.ended(sink);
      },
      changed(sink, change, lost) {
        const { kind, why } = change;
        if (kind === 'rotated') log.info({ sink, why }, 'audit sink was rotated');
        else log.error({ sink, change: kind, why, lost }, 'audit sink was changed by somebody else');
        outages.sinkChanged(sink, change, lost);
      },
    },
  });
}

export interface SinkReach {
  readonly sink: string;
  /** The last event that it holds. */
  readonly event: number;
}

/** How far each sink got that can be read back. */
export async function sinksReach({ audit }: Pick<Config, 'audit'>): Promise<readonly SinkReach[]> {
  const reaches: SinkReach[] = [];
  for (const sink of audit.sinks.map(openSink)) {
    const tail = await sink.tail().catch(() => undefined);
    if (tail) reaches.push({ sink: sink.name, event: tail.event?.sequence ?? 0 });
    sink.reset();
  }
  return reaches;
}

function openSink(sink: Config['audit']['sinks'][number]): AuditSink {
  if (sink.type === 'file') return createFileSink(sink.file);
  const { host, port, tls } = sink;
  if (!tls) return createSyslogSink({ host, port });
  const ca = tls.ca_file === undefined ? undefined : authoritiesOf(tls.ca_file);
  // Also now: a start says what is wrong with it.
  ca?.();
  return createSyslogSink({ host, port, tls: { ca } });
}

/** The configuration holds paths and limits; secrets stand in files that it names (I8). */
export function startedEvent({ hsm, hsm_tokens, notifications, variables, ...config }: Config): AuditEvent {
  const further = Object.entries(hsm_tokens).map(([name, token]) => [name, withoutValues(token)]);
  const tokens = { hsm: withoutValues(hsm), hsm_tokens: Object.fromEntries(further) };
  return lifeEvent('service.started', {
    variables: Object.keys(variables),
    config: { ...config, ...tokens, notifications: describeNotifications(notifications) },
  });
}

function withoutValues<T extends Pick<Config['hsm'], 'environment'>>({ environment, ...token }: T) {
  return { ...token, environment: Object.keys(environment) };
}

/** Of the service itself. */
export function lifeEvent(type: string, details: AuditEvent['details']): AuditEvent {
  return actOf(KEYWARD, type, 'service', details);
}
