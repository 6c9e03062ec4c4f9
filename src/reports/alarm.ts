import type { Clock } from '../domain/clock.ts';
import { isOurs } from './findings.ts';
import type { ReportTelling } from './telling.ts';
import { type SecurityEvents, securityEvent } from '../domain/security-events.ts';
import { RecentSet } from '../lib/recent-set.ts';
import { MinuteBudget } from '../watch/minute-budget.ts';

export interface ReportAlarmParts {
  readonly events: SecurityEvents;
  readonly clock: Clock;
  /** Of those about what is ours, and of all others. */
  readonly eventsPerMinute: number;
}

const HOUR_SECONDS = 3_600;
/** Whose next report takes nothing of the budget; the store knows the others, too. */
const MOST_REMEMBERED = 1_000;

/**
 * Made-up reports are cheap: they must not bury those about tokens that are real. Nor must one real token, shown again
 * and again, bury the others: it is told of once.
 */
export function createReportAlarm({ events, clock, eventsPerMinute }: ReportAlarmParts): ReportTelling {
  const budget = new MinuteBudget(eventsPerMinute, clock);
  const told = new RecentSet(MOST_REMEMBERED);
  const rest = new Map<number, number>();
  const refused = new Map<number, { count: number; told: boolean }>();
  return {
    async tell({ number, scopeId, digest, suspicion }, findings) {
      const shown = digest?.toString('base64url') ?? null;
      // An altered copy has the digest of what it is a copy of.
      const isToken = shown !== null && isOurs(findings) && findings?.credentials.length === 0;
      const about = isToken ? `${shown} ${findings.signature}` : number;
      if (told.has(about)) return;
      const event = securityEvent('report.received', {
        report: number,
        scope: scopeId,
        written: (suspicion?.text ?? null) !== null,
        digest: shown,
        recorded: findings && findings.record !== null,
        signature: findings?.signature ?? null,
        credentials: findings?.credentials.length ?? 0,
        client: findings?.record?.client ?? null,
        about,
      });
      if (budget.take(isOurs(findings) ? 'ours' : 'any')) {
        await events.raise(event);
        told.add(about);
        return;
      }
      const minute = Math.floor(clock.nowSeconds() / 60);
      rest.set(minute, (rest.get(minute) ?? 0) + 1);
    },
    turnedAway() {
      const hour = Math.floor(clock.nowSeconds() / HOUR_SECONDS);
      const { count, told } = refused.get(hour) ?? { count: 0, told: false };
      refused.set(hour, { count: count + 1, told });
    },
    async tellRest() {
      const thisHour = Math.floor(clock.nowSeconds() / HOUR_SECONDS);
      for (const [hour, { count, told }] of refused) {
        if (!told) {
          const since = hour * HOUR_SECONDS;
          await events.raise(securityEvent('report.flood', { since, count, refused: true }));
          refused.set(hour, { count, told: true });
        }
        if (hour !== thisHour) refused.delete(hour);
      }
      const now = Math.floor(clock.nowSeconds() / 60);
      for (const [minute, count] of rest) {
        if (minute === now) continue;
        await events.raise(securityEvent('report.flood', { since: minute * 60, count, refused: false }));
        rest.delete(minute);
      }
    },
  };
}
