import type { Clock } from '../kernel/clock.ts';
import { type SecurityEvents, securityEvent } from '../kernel/security-events.ts';
import type { DrillLog } from './drill.ts';

export interface DrillWatchParts {
  readonly drills: Pick<DrillLog, 'standings'>;
  readonly events: SecurityEvents;
  readonly clock: Clock;
}

/** Warns of each rehearsal that is overdue, once. Answers how to look. */
export function createDrillWatch({ drills, events, clock }: DrillWatchParts): () => Promise<void> {
  const told = new Set<string>();
  return async () => {
    for (const { drill, since, overdueAt, lastPassedAt } of drills.standings()) {
      const evidence = { drill, since, last_passed_at: lastPassedAt, overdue_at: overdueAt };
      const report = securityEvent('drill.overdue', evidence);
      if (clock.nowSeconds() <= overdueAt || told.has(report.dedupKey)) continue;
      await events.raise(report);
      told.add(report.dedupKey);
    }
  };
}
