import type { Logger } from 'pino';
import type { Store } from '../db/open-store.ts';
import type { OutageWatch } from '../events/outages.ts';
import { KEYWARD } from '../kernel/actor.ts';
import { actOf, type SinkGate } from '../kernel/audit.ts';
import { type Clock, dayOf } from '../kernel/clock.ts';
import {
  type EventRaiser,
  SECURITY_EVENT_RAISED,
  type SecurityEventReport,
  securityEvent,
} from '../kernel/security-events.ts';

export interface SchemaWatchDeps {
  readonly store: Pick<Store, 'foreignSchema'>;
  readonly events: EventRaiser;
  readonly sinks: SinkGate;
  readonly outages: Pick<OutageWatch, 'unstored'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Compares the schema again and again. While it is another the store refuses the event with every other change, so
 * the log, the sinks and notification targets have it at once, and the database once the schema is as it was.
 */
export function createSchemaWatch({
  store,
  events,
  sinks,
  outages,
  clock,
  log,
}: SchemaWatchDeps): () => Promise<void> {
  const unstored = new Map<string, SecurityEventReport>();
  const announce = async (why: string, report: SecurityEventReport) => {
    log.fatal({ event: report.type, subject: report.subject, why }, 'security event');
    unstored.set(why, report);
    const { type, severity, subject, evidence } = report;
    outages.unstored.emit({ type, severity, subject, evidence, isRetried: true });
    try {
      await sinks.confirm(actOf(KEYWARD, SECURITY_EVENT_RAISED, subject, { type, severity, why }));
    } catch (err) {
      log.error({ err }, 'database.schema_changed could not be told to a sink');
    }
  };
  return async () => {
    const why = await store.foreignSchema();
    if (why !== undefined) {
      const day = dayOf(clock.nowSeconds());
      if (!unstored.has(why)) await announce(why, securityEvent('database.schema_changed', { why, day }));
      return;
    }
    for (const report of unstored.values()) events.raise(report);
    unstored.clear();
  };
}
