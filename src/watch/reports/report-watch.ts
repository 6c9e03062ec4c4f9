import type { Clock } from '../../domain/clock.ts';
import type { ReportStore } from '../../domain/reports/report-desk.ts';
import type { ReportTelling } from '../../domain/reports/telling.ts';
import { type SecurityEvents, securityEvent } from '../../domain/security-events.ts';
import type { RunningIntake } from './report-intake.ts';

export interface ReportWatchParts {
  readonly store: Pick<ReportStore, 'unexamined' | 'untaken' | 'eraseClosed'>;
  readonly intake: Pick<RunningIntake, 'examineLeft'>;
  readonly alarm: Pick<ReportTelling, 'tellRest'>;
  readonly events: SecurityEvents;
  readonly clock: Clock;
  readonly overdueSeconds: number;
  readonly eraseAfterSeconds: number;
}

/** How long a report may wait in memory before it counts as left over. */
const LEFT_AFTER_SECONDS = 60;
/** Of one look; the others are for the next. */
const MOST_AT_ONCE = 20;
const MOST_ERASED_AT_ONCE = 100;

/** What becomes of reports when nobody does anything. Answers how to look. */
export function createReportWatch(parts: ReportWatchParts): () => Promise<void> {
  const { store, intake, alarm, events, clock, overdueSeconds, eraseAfterSeconds } = parts;
  let toldUntil = 0;
  return async () => {
    await alarm.tellRest();
    const now = clock.nowSeconds();
    for (const report of await store.unexamined(now - LEFT_AFTER_SECONDS, MOST_AT_ONCE)) {
      await intake.examineLeft(report);
    }
    for (const { sequence, number, scopeId, receivedAt } of await store.untaken(
      now - overdueSeconds,
      toldUntil,
      MOST_AT_ONCE,
    )) {
      const evidence = { report: number, scope: scopeId, received_at: receivedAt };
      await events.raise(
        securityEvent('report.overdue', { ...evidence, overdue_at: receivedAt + overdueSeconds }),
      );
      toldUntil = sequence;
    }
    await store.eraseClosed(now - eraseAfterSeconds, MOST_ERASED_AT_ONCE);
  };
}
