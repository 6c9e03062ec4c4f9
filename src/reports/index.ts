import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Store } from '../db/open-store.ts';
import type { Clock, SettledTime } from '../domain/clock.ts';
import type { KnownKeys } from '../domain/known-keys.ts';
import type { LeakService } from '../domain/leaks.ts';
import type { LedgerReader } from '../domain/ledger.ts';
import type { ReportIntake } from './report-desk.ts';
import type { RevocationCheck } from '../domain/revocation.ts';
import type { SecurityEvents } from '../domain/security-events.ts';
import type { TokenVerifier } from '../domain/verification.ts';
import { measuredReports } from './measured.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ReportsConfig } from './settings.ts';
import { createReportLimits, type ReportLimits } from './limits.ts';
import { createTokenExaminer } from './examine.ts';
import { createReportAlarm } from './alarm.ts';
import { createReportIntake } from './intake.ts';
import { createReportWatch } from './watch.ts';
import { unclosedReports } from './unclosed.ts';

export interface ReportService {
  readonly intake: ReportIntake;
  readonly limits: ReportLimits;
  /** What becomes of reports when nobody does anything; to be asked again and again. */
  look(): Promise<void>;
  /** What waits to be looked into is left for the next start. */
  stop(): Promise<void>;
}

interface Parts {
  readonly config: ReportsConfig;
  readonly store: Pick<Store, 'reports' | 'ledger'>;
  readonly keyRing: KnownKeys;
  readonly ledgerReader: LedgerReader;
  readonly revocations: RevocationCheck;
  readonly verifier: TokenVerifier;
  readonly leaks: LeakService;
  readonly securityEvents: SecurityEvents;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly settledTime: SettledTime;
  readonly log: Logger;
}

/** All that takes reports and looks after them. */
export async function openReports(parts: Parts): Promise<ReportService> {
  const { config, store, keyRing, ledgerReader, revocations, verifier, metrics, clock, log } = parts;
  const { securityEvents: events } = parts;
  const eventsPerMinute = config.events_per_minute;
  const alarm = measuredReports(createReportAlarm({ events, clock, eventsPerMinute }), metrics);
  const examiner = createTokenExaminer({
    knownKeys: keyRing,
    ledger: ledgerReader,
    issued: store.ledger.issued,
    revocations,
    verifier,
  });
  const intake = createReportIntake({
    store: store.reports,
    examiner,
    leaks: parts.leaks,
    alarm,
    pause: (ms) => setTimeout(ms),
    onFailure: (err, report) => log.error({ err, report }, 'report not looked into; it is tried again'),
  });
  const look = createReportWatch({
    store: store.reports,
    intake,
    alarm,
    events,
    clock,
    settledTime: parts.settledTime,
    overdueSeconds: config.overdue_hours * 3_600,
    eraseAfterSeconds: config.erase_after_days * 86_400,
  });
  metrics.watch('reportsUnclosed', await unclosedReports(store.reports));
  const limits = createReportLimits(config, {
    refused: () => metrics.reports.inc({ about: 'refused' }),
    refusedWithOthers: () => alarm.turnedAway(),
  });
  return { intake, limits, look, stop: () => intake.stop() };
}
