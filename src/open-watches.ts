import type { Logger } from 'pino';
import { ChainWalk } from './audit/chain-walk.ts';
import type { DiskWatch } from './disk-watch.ts';
import type { AuditLog } from './domain/audit-log.ts';
import type { Clock } from './domain/clock.ts';
import { type SecurityEvents, securityEvent } from './domain/security-events.ts';
import { keepLooking } from './keep-looking.ts';
import type { ReportService } from './open-reports.ts';
import { createDiskAlarm } from './watch/disk-alarm.ts';
import { createDrillWatch, type DrillWatchParts } from './watch/drill-watch.ts';
import { createOutdatedVerifierWatch, type OutdatedVerifierParts } from './watch/outdated-verifiers.ts';
import { createReviewWatch, type ReviewWatchParts } from './watch/review-watch.ts';
import type { OutageWatch } from './watch-outages.ts';

export interface WatchParts {
  readonly outages: OutageWatch;
  readonly audit: Pick<AuditLog, 'eventsAfter'>;
  readonly disks: DiskWatch;
  readonly drills: DrillWatchParts['drills'];
  readonly reports: ReportService;
  readonly reviews: ReviewWatchParts['reviews'];
  readonly keyRing: OutdatedVerifierParts['keyRing'];
  readonly verifiers: OutdatedVerifierParts['verifiers'];
  readonly events: SecurityEvents;
  readonly clock: Clock;
  readonly log: Logger;
}

/** All that looks again and again beside the service, and tells what it finds as security events. */
export function openWatches(parts: WatchParts): { stop(): Promise<void> } {
  const { outages, audit, disks, drills, reports, reviews, keyRing, verifiers, events, clock, log } = parts;
  const onRelief = (volume: string, used: number) => log.info({ volume, used }, 'disk has room again');
  const watches = [
    { what: 'outages', everyMs: 1_000, look: () => outages.tell(events) },
    { what: 'audit chain', everyMs: 1_000, look: createChainWatch(audit, events) },
    { what: 'disks', everyMs: 60_000, look: createDiskAlarm({ disks, events, clock, onRelief }) },
    { what: 'rehearsals', everyMs: 60_000, look: createDrillWatch({ drills, events, clock }) },
    { what: 'reviews', everyMs: 60_000, look: createReviewWatch({ reviews, events, clock }) },
    { what: 'reports', everyMs: 30_000, look: reports.look },
    {
      what: 'verifiers',
      everyMs: 60_000,
      look: createOutdatedVerifierWatch({ keyRing, verifiers, events }),
    },
  ].map(({ what, everyMs, look }) =>
    keepLooking({ look, everyMs, log, failure: `${what} not watched; it is tried again` }),
  );
  return {
    async stop() {
      await Promise.all(watches.map((watch) => watch.stop()));
    },
  };
}

/** A break is told while the service runs, once a place. */
function createChainWatch(audit: WatchParts['audit'], events: SecurityEvents): () => Promise<void> {
  const walk = new ChainWalk(audit);
  return async () => {
    const broken = await walk.step();
    if (broken) await events.raise(securityEvent('audit.chain_broken', { chain: 'audit', ...broken }));
  };
}
