import type { Clock } from '../kernel/clock.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import type { DrillLog } from './drill.ts';

interface DrillWatchDeps {
  readonly drills: Pick<DrillLog, 'refresh' | 'standings'>;
  readonly events: EventRaiser;
  readonly clock: Clock;
}

/** Warns of each rehearsal that is overdue, once. Answers how to look. */
export function createDrillWatch({ drills, events, clock }: DrillWatchDeps): () => Promise<void> {
  return async () => {
    await drills.refresh();
    for (const { drill, since, overdueAt, lastPassedAt } of drills.standings()) {
      const evidence = { drill, since, last_passed_at: lastPassedAt, overdue_at: overdueAt };
      if (clock.nowSeconds() > overdueAt) events.raise(securityEvent('drill.overdue', evidence));
    }
  };
}
