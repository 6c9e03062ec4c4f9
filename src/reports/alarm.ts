import type { Clock } from '../kernel/clock.ts';
import { type SecurityEvents, securityEvent } from '../kernel/security-events.ts';
import { MinuteBudget } from '../lib/minute-budget.ts';
import { RecentSet } from '../lib/recent-set.ts';
import type { FiledReport } from './case.ts';
import { isOurs, REPORT_SUBJECTS, reportSubject, secretsShown, type TokenFindings } from './findings.ts';

/** Values of the metric `keyward_reports_total`; `refused`: past a limit, and nothing else is known of it. */
export const COUNTED_REPORTS = [...REPORT_SUBJECTS, 'refused'] as const;

interface ReportAlarmDeps {
  readonly events: SecurityEvents;
  readonly clock: Clock;
  /** One budget for reports about what is ours, one for all others. */
  readonly eventsPerMinute: number;
  readonly counter: { inc(labels: { about: string }, value?: number): void };
}

/** Tells operators of reports, and counts them. */
export interface ReportAlarm {
  /**
   * Raises `report.received` once a case, and once a token of ours however many report it. Past the budget of the
   * minute the report is only counted. Rejects where the event could not be stored.
   */
  raise(report: FiledReport, findings: TokenFindings | null): Promise<void>;
  /** A report was refused by a limit. `shared`: by one that several networks share, so honest reporters may be hit. */
  refused(by: { readonly shared: boolean }): void;
  /** Raises `report.flood` for minutes that are over, and once an hour for refusals by shared limits. */
  raiseRest(): Promise<void>;
}

const HOUR_SECONDS = 3_600;
/** Tokens that were told lately. The event's dedup key knows the others. */
const MOST_REMEMBERED = 1_000;

/** Made-up reports are cheap: they must not bury those about real tokens, nor may one real token bury the others. */
export function createReportAlarm({ events, clock, eventsPerMinute, counter }: ReportAlarmDeps): ReportAlarm {
  const budget = new MinuteBudget(eventsPerMinute, clock);
  const told = new RecentSet(MOST_REMEMBERED);
  const untold = new Map<number, number>();
  const refusals = new Map<number, { count: number; told: boolean }>();
  // A counter that begins at nought shows the first report as a rise.
  for (const about of COUNTED_REPORTS) counter.inc({ about }, 0);

  const raise = async (
    { number, scopeId, digest, suspicion }: FiledReport,
    findings: TokenFindings | null,
  ) => {
    const shown = digest?.toString('base64url') ?? null;
    // An altered copy has the digest of what it is a copy of.
    const isToken = shown !== null && findings !== null && isOurs(findings) && secretsShown(findings) === 0;
    const about = isToken ? `${shown} ${findings.signature}` : number;
    if (told.has(about)) return;
    if (!budget.take(isOurs(findings) ? 'ours' : 'any')) {
      const minute = Math.floor(clock.nowSeconds() / 60);
      untold.set(minute, (untold.get(minute) ?? 0) + 1);
      return;
    }
    await events.raise(
      securityEvent('report.received', {
        report: number,
        scope: scopeId,
        written: (suspicion?.text ?? null) !== null,
        digest: shown,
        recorded: findings && findings.record !== null,
        signature: findings?.signature ?? null,
        credentials: secretsShown(findings),
        client: findings?.record?.client ?? null,
        about,
      }),
    );
    told.add(about);
  };

  return {
    async raise(report, findings) {
      await raise(report, findings);
      counter.inc({ about: reportSubject(report, findings) });
    },
    refused({ shared }) {
      counter.inc({ about: 'refused' });
      if (!shared) return;
      const hour = Math.floor(clock.nowSeconds() / HOUR_SECONDS);
      const { count, told } = refusals.get(hour) ?? { count: 0, told: false };
      refusals.set(hour, { count: count + 1, told });
    },
    async raiseRest() {
      const thisHour = Math.floor(clock.nowSeconds() / HOUR_SECONDS);
      for (const [hour, { count, told }] of refusals) {
        if (!told) {
          const since = hour * HOUR_SECONDS;
          await events.raise(securityEvent('report.flood', { since, count, refused: true }));
          refusals.set(hour, { count, told: true });
        }
        if (hour !== thisHour) refusals.delete(hour);
      }
      const now = Math.floor(clock.nowSeconds() / 60);
      for (const [minute, count] of untold) {
        if (minute === now) continue;
        await events.raise(securityEvent('report.flood', { since: minute * 60, count, refused: false }));
        untold.delete(minute);
      }
    },
  };
}
