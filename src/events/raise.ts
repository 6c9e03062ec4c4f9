import type { Logger } from 'pino';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { SecurityEventType, Severity } from '../kernel/security-event-types.ts';
import type { EventRaiser, SecurityEventReport, SecurityEvents } from '../kernel/security-events.ts';
import { Backoff } from '../lib/backoff.ts';
import { MinuteBudget } from '../lib/minute-budget.ts';
import { RecentSet } from '../lib/recent-set.ts';
import { measuredSecurityEvents } from '../metrics/measured.ts';
import type { Metrics } from '../metrics/metrics.ts';

/** Keys of events taken lately. The store knows the others. */
const REMEMBERED = 10_000;
/** Of one type, so that a flood of it costs no event of another. */
const MOST_WAITING = 1_000;
const EVENTS_A_BUDGET_AND_MINUTE = 60;
const RETRY_MS = { first: 250, max: 5_000 } as const;

const LOG_LEVELS = { info: 'info', warning: 'warn', critical: 'fatal' } as const satisfies Record<
  Severity,
  string
>;

interface RaiserDeps {
  readonly events: SecurityEvents;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
}

export interface RunningRaiser extends EventRaiser {
  /** Tries once more to store what waits, and logs what is lost. */
  stop(): Promise<void>;
}

/** Stores events one by one, in order. While the store refuses them they wait in memory, and each is logged. */
export function createRaiser({ events, clock, log, random = Math.random }: RaiserDeps): RunningRaiser {
  const taken = new RecentSet(REMEMBERED);
  const budget = new MinuteBudget(EVENTS_A_BUDGET_AND_MINUTE, clock);
  const lossLines = new MinuteBudget(1, clock);
  const waiting = new Map<string, SecurityEventReport>();
  const logged = new Set<SecurityEventReport>();
  const delays = new Backoff(RETRY_MS, random);
  let lost = 0;
  let storing: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let stopped = false;

  const lose = ({ type, severity, subject, dedupKey }: SecurityEventReport, why: string): undefined => {
    lost += 1;
    if (!lossLines.take(`${type} ${why}`)) return;
    log[LOG_LEVELS[severity]]({ event: type, subject, key: dedupKey, why, lost }, 'security event dropped');
  };

  const logUnstored = (reports: Iterable<SecurityEventReport>, err: unknown): void => {
    for (const report of reports) {
      if (logged.has(report)) continue;
      logged.add(report);
      const { type, severity, subject, dedupKey } = report;
      const line = { err, event: type, subject, key: dedupKey };
      log[LOG_LEVELS[severity]](line, 'security event not stored yet; it is tried again');
    }
  };

  const storeWaiting = async (): Promise<void> => {
    for (const [name, report] of waiting) {
      try {
        await events.raise(report);
        waiting.delete(name);
        logged.delete(report);
        delays.reset();
      } catch (error) {
        // Of any other failure the event itself may be the cause: it does not hold up those behind it.
        const isAway = error instanceof KeywardError && error.code !== 'internal';
        logUnstored(isAway ? waiting.values() : [report], error);
        if (isAway) return;
      }
    }
  };

  const start = (): void => {
    if (storing || retry || stopped) return;
    storing = storeWaiting().finally(() => {
      storing = undefined;
      if (waiting.size === 0 || stopped) return;
      retry = setTimeout(() => {
        retry = undefined;
        start();
      }, delays.next());
      retry.unref();
    });
  };

  const isFull = (type: SecurityEventType): boolean => {
    if (waiting.size < MOST_WAITING) return false;
    return [...waiting.values()].filter((each) => each.type === type).length >= MOST_WAITING;
  };

  return {
    raise(report, budgetName) {
      const name = `${report.type} ${report.dedupKey}`;
      if (taken.has(name) || waiting.has(name)) return;
      if (stopped) return lose(report, 'the service stops');
      if (budgetName !== undefined && !budget.take(`${report.type} ${budgetName}`)) {
        return lose(report, 'too many in a minute');
      }
      if (isFull(report.type)) return lose(report, 'too many wait for the store');
      taken.add(name);
      waiting.set(name, report);
      start();
    },
    async stop() {
      stopped = true;
      clearTimeout(retry);
      await storing;
      await storeWaiting();
      for (const report of waiting.values())
        lose(report, 'the store did not take it before the service stopped');
    },
  };
}

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
