import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Store } from '../db/open-store.ts';
import type { Capability } from '../kernel/capability.ts';
import type { Clock, SettledTime } from '../kernel/clock.ts';
import type { LeakService } from '../kernel/credential.ts';
import type { LedgerReader } from '../kernel/issuance.ts';
import type { KeyRing, KnownKeys } from '../kernel/key.ts';
import type { Leadership } from '../kernel/registry.ts';
import type { RevocationCheck } from '../kernel/revocation.ts';
import type { SecurityEvents } from '../kernel/security-events.ts';
import type { TokenVerifier } from '../kernel/verification.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { supplied } from '../server/route.ts';
import { createReportAlarm } from './alarm.ts';
import { createTokenExaminer } from './examine.ts';
import { createReportIntake } from './intake.ts';
import { adminReportRoutes, eraseReport } from './routes/admin.ts';
import { reportPageRoutes } from './routes/page.ts';
import { createReportLimits, receiveReport } from './routes/public.ts';
import type { ReportsConfig } from './settings.ts';
import { erasableReports } from './store/erase.ts';
import { createReportStore } from './store/reports.ts';
import { countUnclosed, createReportWatch } from './watch.ts';

export { reportTable } from './store/table.ts';

/** For the description of the API; `openReports` answers them with what they need. */
export const REPORT_ROUTES = {
  data: [receiveReport, ...reportPageRoutes],
  operations: adminReportRoutes,
} as const;

const LOOK_MS = 30_000;

interface ReportDeps {
  readonly config: ReportsConfig;
  readonly store: Pick<Store, 'reader' | 'writer' | 'ledger' | 'follower'>;
  readonly keyRing: KeyRing & KnownKeys;
  readonly ledger: LedgerReader;
  readonly revocations: RevocationCheck;
  readonly verifier: TokenVerifier;
  readonly leaks: LeakService;
  readonly securityEvents: SecurityEvents;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly settledTime: SettledTime;
  readonly leadership: Leadership;
  readonly log: Logger;
}

/** What people report about tokens: intake, examination, cases, and what becomes of them when nobody does anything. */
export async function openReports(deps: ReportDeps) {
  const { config, store, keyRing, metrics, clock, log, securityEvents: events } = deps;
  const reports = createReportStore(store.reader, store.writer, clock);
  const alarm = createReportAlarm({
    events,
    clock,
    eventsPerMinute: config.events_per_minute,
    counter: metrics.reports,
  });
  const intake = createReportIntake({
    store: reports,
    examiner: createTokenExaminer({
      knownKeys: keyRing,
      ledger: deps.ledger,
      issued: store.ledger.issued,
      revocations: deps.revocations,
      verifier: deps.verifier,
    }),
    leaks: deps.leaks,
    alarm,
    pause: (ms) => setTimeout(ms),
    onFailure: (err, report) => log.error({ err, report }, 'report not looked into; it is tried again'),
  });
  const tick = createReportWatch({
    store: reports,
    intake,
    alarm,
    events,
    clock,
    settledTime: deps.settledTime,
    leadership: deps.leadership,
    overdueSeconds: config.overdue_hours * 3_600,
    eraseAfterSeconds: config.erase_after_days * 86_400,
  });
  const limits = createReportLimits(config, alarm);
  const unclosed = await countUnclosed(reports);
  const recount = { name: 'reports of other fronts', everyMs: LOOK_MS, tick: unclosed.recount };
  return {
    routes: {
      data: supplied(REPORT_ROUTES.data, { keyRing, intake, limits }),
      operations: supplied(REPORT_ROUTES.operations, { reports }),
    },
    acts: [eraseReport(reports)],
    gauges: { reportsUnclosed: unclosed.counts },
    erasable: [erasableReports],
    tasks: [{ name: 'reports', everyMs: LOOK_MS, tick }, ...(store.follower.isShared ? [recount] : [])],
    // What waits to be looked into is left for the next start.
    stop: () => intake.stop(),
  } satisfies Capability;
}
