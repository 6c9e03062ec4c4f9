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
import type { OutageWatch } from './outages.ts';

/** Keys of events taken lately. The store knows the others. */
const REMEMBERED = 10_000;
/** Of one type, so that a flood of it costs no event of another. */
const MOST_WAITING = 1_000;
const EVENTS_A_BUDGET_AND_MINUTE = 60;
const RETRY_MS = { first: 250, max: 5_000 } as const;
/** A store that is busy or changes its primary takes the event by then: nobody is told of it twice. */
const UNSTORED_PATIENCE_MS = 10_000;

const LOG_LEVELS = { info: 'info', warning: 'warn', critical: 'fatal' } as const satisfies Record<
  Severity,
  string
>;

interface RaiserDeps {
  readonly events: SecurityEvents;
  readonly clock: Clock;
  readonly log: Logger;
  readonly outages: Pick<OutageWatch, 'unstored'>;
  readonly random?: () => number;
  readonly nowMs?: () => number;
}

interface Refusal {
  readonly sinceMs: number;
  isTold: boolean;
}

export interface RunningRaiser extends EventRaiser {
  /** Tries once more to store what waits; logs what is lost, and tells of it past the store. */
  stop(): Promise<void>;
}

/**
 * Stores events one by one, in order. While the store refuses them they wait in memory, and each is logged; a critical
 * one that waits for long is told past the store.
 */
export function createRaiser({
  events,
  clock,
  log,
  outages: { unstored },
  random = Math.random,
  nowMs = () => performance.now(),
}: RaiserDeps): RunningRaiser {
  const taken = new RecentSet(REMEMBERED);
  const budget = new MinuteBudget(EVENTS_A_BUDGET_AND_MINUTE, clock);
  const lossLines = new MinuteBudget(1, clock);
  const waiting = new Map<string, SecurityEventReport>();
  const refused = new Map<SecurityEventReport, Refusal>();
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

  const logUnstored = (report: SecurityEventReport, err: unknown): Refusal => {
    const { type, severity, subject, dedupKey } = report;
    const line = { err, event: type, subject, key: dedupKey };
    log[LOG_LEVELS[severity]](line, 'security event not stored yet; it is tried again');
    const refusal = { sinceMs: nowMs(), isTold: false };
    refused.set(report, refusal);
    return refusal;
  };

  const tellUnstored = (report: SecurityEventReport, isRetried: boolean, refusal?: Refusal): void => {
    if (report.severity !== 'critical' || refusal?.isTold) return;
    if (refusal) refusal.isTold = true;
    const { type, severity, subject, evidence } = report;
    unstored.emit({ type, severity, subject, evidence, isRetried });
  };

  const onRefused = (reports: Iterable<SecurityEventReport>, err: unknown): void => {
    for (const report of reports) {
      const refusal = refused.get(report) ?? logUnstored(report, err);
      if (nowMs() - refusal.sinceMs >= UNSTORED_PATIENCE_MS) tellUnstored(report, true, refusal);
    }
  };

  const storeWaiting = async (): Promise<void> => {
    for (const [name, report] of waiting) {
      try {
        await events.raise(report);
        waiting.delete(name);
        refused.delete(report);
        delays.reset();
      } catch (error) {
        // Of any other failure the event itself may be the cause: it does not hold up those behind it.
        const isAway = error instanceof KeywardError && error.code !== 'internal';
        onRefused(isAway ? waiting.values() : [report], error);
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
      for (const report of waiting.values()) {
        lose(report, 'the store did not take it before the service stopped');
        tellUnstored(report, false, refused.get(report));
      }
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
