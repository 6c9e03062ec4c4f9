import {
  CANARY_KINDS,
  CANARY_USES,
  type Canary,
  type CanaryAlarm,
  type CanaryTrigger,
} from '../kernel/canary.ts';
import type { Clock } from '../kernel/clock.ts';
import { type SecurityEventReport, type SecurityEvents, securityEvent } from '../kernel/security-events.ts';
import { sourceOf } from '../lib/address.ts';
import { MinuteBudget } from '../lib/minute-budget.ts';
import { RecentSet } from '../lib/recent-set.ts';
import type { Metrics } from '../metrics/metrics.ts';

export interface CanaryAlarmParts {
  readonly events: SecurityEvents;
  readonly clock: Clock;
  /** Told of every touch. */
  readonly count: (canary: Canary, touch: CanaryTrigger) => void;
  /** What could not be stored now, and why; null where it will not be tried again, since too much waits already. */
  readonly onFailure: (report: SecurityEventReport, error: unknown) => void;
}

/** Alarms that are told or wait to be: a thief's loop makes one an hour of each place. */
const REMEMBERED = 10_000;
const MOST_WAITING = 1_000;
/** Somebody with many addresses is told of so often; past that his touches only count. */
const EVENTS_A_CANARY_AND_MINUTE = 60;
const HOUR = 3_600;

/**
 * One critical event for each decoy, use, caller, network and hour. It is raised after the answer to the request
 * that touched the decoy, so that the answer tells nothing; what cannot be stored waits until it can.
 */
export class TellingCanaryAlarm implements CanaryAlarm {
  readonly #parts: CanaryAlarmParts;
  readonly #told = new RecentSet(REMEMBERED);
  readonly #waiting = new Map<string, SecurityEventReport>();
  readonly #budget: MinuteBudget;
  #telling: Promise<void> | undefined;

  constructor(parts: CanaryAlarmParts) {
    this.#parts = parts;
    this.#budget = new MinuteBudget(EVENTS_A_CANARY_AND_MINUTE, parts.clock);
  }

  touched(canary: Canary, touch: CanaryTrigger): void {
    setImmediate(() => this.#heed(canary, touch));
  }

  /** Raises what waits; rejects where it still cannot be stored. */
  tell(): Promise<void> {
    this.#telling ??= this.#tellAll().finally(() => {
      this.#telling = undefined;
    });
    return this.#telling;
  }

  #heed(canary: Canary, touch: CanaryTrigger): void {
    this.#parts.count(canary, touch);
    const report = this.#reportOf(canary, touch);
    if (this.#told.has(report.dedupKey) || !this.#budget.take(canary.id)) return;
    if (this.#waiting.size >= MOST_WAITING) {
      this.#parts.onFailure(report, null);
      return;
    }
    this.#told.add(report.dedupKey);
    this.#waiting.set(report.dedupKey, report);
    this.tell().catch((error: unknown) => this.#parts.onFailure(report, error));
  }

  async #tellAll(): Promise<void> {
    for (const [key, report] of this.#waiting) {
      await this.#parts.events.raise(report);
      this.#waiting.delete(key);
    }
  }

  #reportOf({ id, kind, planted, scopeId }: Canary, touch: CanaryTrigger): SecurityEventReport {
    const { use, caller, remote = null, requestId, details = [] } = touch;
    const now = this.#parts.clock.nowSeconds();
    return securityEvent('canary.touched', {
      canary: id,
      decoy: kind,
      use,
      planted,
      scope: scopeId,
      caller,
      remote,
      network: remote && sourceOf(remote),
      request_id: requestId,
      hour: now - (now % HOUR),
      details,
    });
  }
}

/** Counts every use of a decoy; all that there may be begin at nought, so that a first one is seen to grow. */
export function countedTouches({ canaryTouches: counter }: Pick<Metrics, 'canaryTouches'>) {
  for (const kind of CANARY_KINDS) for (const use of CANARY_USES) counter.inc({ kind, use }, 0);
  return ({ kind }: Canary, { use }: CanaryTrigger): void => counter.inc({ kind, use });
}
