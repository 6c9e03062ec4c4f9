import type { SecurityEvents } from '../domain/security-events.ts';
import type { Metrics } from './metrics.ts';

/** Counts what was told for the first time. */
export function measuredSecurityEvents(
  events: SecurityEvents,
  metrics: Pick<Metrics, 'securityEvents'>,
): SecurityEvents {
  return {
    async raise(report) {
      const isNew = await events.raise(report);
      if (isNew) metrics.securityEvents.inc({ type: report.type, severity: report.severity });
      return isNew;
    },
  };
}
