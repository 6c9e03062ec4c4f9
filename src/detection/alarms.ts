import type { Logger } from 'pino';
import type { Clock } from '../kernel/clock.ts';
import type { ForgeryAlarm } from '../domain/forgery.ts';
import type { Severity } from '../kernel/security-event-types.ts';
import type { SecurityEvents } from '../kernel/security-events.ts';
import type { KeySuspender } from '../domain/suspension.ts';
import { measuredSecurityEvents } from '../metrics/measured-security-events.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { createForgeryAlarm } from '../watch/forgery-alarm.ts';

const LOG_LEVELS = { info: 'info', warning: 'warn', critical: 'fatal' } as const satisfies Record<
  Severity,
  string
>;

/** Security events as they are raised everywhere: stored, counted and logged, without their evidence. */
export function openSecurityEvents(stored: SecurityEvents, log: Logger, metrics: Metrics): SecurityEvents {
  return measuredSecurityEvents(
    {
      async raise(report) {
        const isNew = await stored.raise(report);
        const { type, severity, subject, dedupKey } = report;
        if (isNew) log[LOG_LEVELS[severity]]({ event: type, subject, key: dedupKey }, 'security event');
        return isNew;
      },
    },
    metrics,
  );
}

export function openForgeryAlarm(parts: {
  readonly events: SecurityEvents;
  readonly suspender: KeySuspender;
  readonly clock: Clock;
  readonly log: Logger;
}): ForgeryAlarm {
  const { log } = parts;
  return createForgeryAlarm({
    ...parts,
    onFailure: (error, what, kid) =>
      log.fatal({ err: error, kid, event: 'token.never_issued' }, `forged token: could not ${what}`),
  });
}
