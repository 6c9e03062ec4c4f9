import { hostname } from 'node:os';
import type { Clock } from '../kernel/clock.ts';
import type { LedgerArchives } from '../kernel/ledger-search.ts';
import {
  conditionOver,
  type EventRaiser,
  type SecurityEventReport,
  securityEvent,
} from '../kernel/security-events.ts';

interface ArchiveWatchDeps {
  readonly archives: Pick<LedgerArchives, 'missing'>;
  readonly events: EventRaiser;
  readonly clock: Clock;
}

const MOST_NAMED = 8;

/**
 * Tells of segments that are not in this front's folder at two looks in a row: a file system of several hosts may show a
 * new file late. Answers how to look.
 */
export function createArchiveWatch({ archives, events, clock }: ArchiveWatchDeps): () => Promise<void> {
  let before: readonly string[] = [];
  let told: { readonly report: SecurityEventReport; readonly since: number } | undefined;
  return async () => {
    const found = await archives.missing();
    const missing = found.filter((file) => before.includes(file));
    before = found;
    if (missing.length > 0 && !told) {
      const since = clock.nowSeconds();
      const details = missing.slice(0, MOST_NAMED);
      told = { report: securityEvent('ledger.archive_missing', { host: hostname(), details, since }), since };
      events.raise(told.report);
    } else if (found.length === 0 && told) {
      events.raise(conditionOver(told.report, told.since));
      told = undefined;
    }
  };
}
