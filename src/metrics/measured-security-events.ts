import { SECURITY_EVENT_TYPES, severitiesOf } from '../kernel/security-event-types.ts';
import type { SecurityEvents } from '../kernel/security-events.ts';
import type { Metrics } from './metrics.ts';

/** Counts what was told for the first time; what was never told counts nought, so that a first one is a rise. */
export function measuredSecurityEvents(
  events: SecurityEvents,
  { securityEvents: counter }: Pick<Metrics, 'securityEvents'>,
): SecurityEvents {
  for (const type of SECURITY_EVENT_TYPES) {
    for (const severity of severitiesOf(type)) counter.inc({ type, severity }, 0);
  }
  return {
    async raise(report) {
      const isNew = await events.raise(report);
      if (isNew) counter.inc({ type: report.type, severity: report.severity });
      return isNew;
    },
  };
}
