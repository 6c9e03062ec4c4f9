import type { Clock, SettledTime } from '../kernel/clock.ts';
import type { Leadership } from '../kernel/registry.ts';
import { type SecurityEvents, securityEvent } from '../kernel/security-events.ts';
import type { ReportAlarm } from './alarm.ts';
import {
  type CaseState,
  type FiledReport,
  type ReportStore,
  UNCLOSED_STATES,
  type UnclosedCounts,
} from './case.ts';
import type { RunningIntake } from './intake.ts';

interface ReportWatchDeps {
  readonly store: Pick<ReportStore, 'unexamined' | 'untaken' | 'countUnclosed' | 'eraseClosed'>;
  readonly intake: Pick<RunningIntake, 'examineLeft'>;
  readonly alarm: Pick<ReportAlarm, 'raiseRest'>;
  readonly events: SecurityEvents;
  readonly clock: Clock;
  readonly settledTime: SettledTime;
  readonly leadership: Pick<Leadership, 'leads'>;
  readonly overdueSeconds: number;
  readonly eraseAfterSeconds: number;
}

/** How long a report may wait in memory before it counts as left over. */
const LEFT_AFTER_SECONDS = 60;
/** Of one look; the others are for the next. */
const MOST_AT_ONCE = 20;
/** Told one by one; one more says how many there are, and what comes overdue after it that day is not told. */
const MOST_OVERDUE_A_DAY = 10;
const DAY_SECONDS = 86_400;
const MOST_ERASED_AT_ONCE = 100;

/**
 * What becomes of reports when nobody does anything. Where another process leads, it tells of what was received here
 * alone. Answers how to look.
 */
export function createReportWatch(deps: ReportWatchDeps): () => Promise<void> {
  const { store, intake, alarm, events, clock, settledTime, leadership } = deps;
  const { overdueSeconds, eraseAfterSeconds } = deps;
  let toldUntil = 0;
  let today = 0;
  let toldToday = 0;
  const raiseOverdue = async ({ number, scopeId, receivedAt }: FiledReport) => {
    if (toldToday > MOST_OVERDUE_A_DAY) return;
    const isLast = toldToday === MOST_OVERDUE_A_DAY;
    const told = await events.raise(
      securityEvent('report.overdue', {
        report: number,
        scope: scopeId,
        received_at: receivedAt,
        overdue_at: receivedAt + overdueSeconds,
        untaken: isLast ? (await store.countUnclosed()).open : null,
      }),
    );
    if (told) toldToday += 1;
  };
  return async () => {
    await alarm.raiseRest();
    if (!leadership.leads()) return;
    const now = clock.nowSeconds();
    for (const report of await store.unexamined(now - LEFT_AFTER_SECONDS, MOST_AT_ONCE)) {
      await intake.examineLeft(report);
    }
    const day = Math.floor(now / DAY_SECONDS);
    if (day !== today) toldToday = 0;
    today = day;
    for (const report of await store.untaken(now - overdueSeconds, toldUntil, MOST_AT_ONCE)) {
      await raiseOverdue(report);
      toldUntil = report.sequence;
    }
    if (settledTime.isSettled() && leadership.leads())
      await store.eraseClosed(now - eraseAfterSeconds, MOST_ERASED_AT_ONCE);
  };
}

/** Counts open cases once, then follows their changes. Subscribe before anything is received. */
export async function countUnclosed(store: CountedReports) {
  let place = await store.lastChange();
  let counts = { ...(await store.countUnclosed()) };
  store.subscribe(({ was, state }) => {
    if (isCounted(was)) counts[was] -= 1;
    if (isCounted(state)) counts[state] += 1;
  });
  return {
    counts: () => counts,
    /** Other fronts may have changed some since. */
    async recount() {
      const last = await store.lastChange();
      if (last === place) return;
      counts = { ...(await store.countUnclosed()) };
      place = last;
    },
  };
}

type CountedReports = Pick<ReportStore, 'countUnclosed' | 'lastChange' | 'subscribe'>;

function isCounted(state: CaseState | null): state is keyof UnclosedCounts {
  return UNCLOSED_STATES.some((counted) => counted === state);
}
