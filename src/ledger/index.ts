import type { Logger } from 'pino';
import type { Canaries } from '../canaries/index.ts';
import type { Config } from '../config.ts';
import type { Store } from '../db/open-store.ts';
import type { StoredRun } from '../kernel/audit-chain.ts';
import type { Erasable } from '../kernel/capability.ts';
import type { Clock, SettledTime } from '../kernel/clock.ts';
import type { UnprovenTime } from '../kernel/record-gap.ts';
import type { Leadership } from '../kernel/registry.ts';
import type { RevocationAdministration } from '../kernel/revocation.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import { measuredSightings } from '../metrics/measured.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { supplied } from '../server/route.ts';
import { createArchiveWatch } from './archive-watch.ts';
import { createLedger, createLedgerReader } from './durable-ledger.ts';
import { keepRetention } from './retention.ts';
import { addRevocation, eraseSubject } from './routes/erase.ts';
import { adminLedgerRoutes } from './routes/search.ts';
import { reportSightings } from './routes/sightings.ts';
import { createLedgerErasure } from './store.ts';

export const LEDGER_ROUTES = { data: [reportSightings], operations: adminLedgerRoutes } as const;

const LOOK_MS = 60_000;

interface LedgerDeps {
  readonly config: Config;
  readonly store: Pick<Store, 'records' | 'queuedRecords' | 'ledger' | 'registry' | 'reader' | 'writer'>;
  readonly runs: { readonly own: Pick<StoredRun, 'certificate'> };
  /** What all capabilities keep of persons in tables of their own: an erasure that misses one is none. */
  readonly erasable: () => readonly Erasable[];
  readonly revocations: RevocationAdministration;
  readonly canaries: Pick<Canaries, 'watchSightings'>;
  readonly events: EventRaiser;
  /** Of which times it cannot be told whether records are missing. */
  readonly unproven: readonly UnprovenTime[];
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly settledTime: SettledTime;
  readonly leadership: Leadership;
  readonly log: Logger;
}

/** The record of every token: written, looked up, searched, erased and, in time, archived. */
export function openLedger(deps: LedgerDeps) {
  const { config, store, runs, erasable, revocations, canaries, events, unproven, metrics } = deps;
  const { leadership, clock, log } = deps;
  for (const { from, until } of unproven)
    events.raise(securityEvent('ledger.end_unproven', { issued_from: from, issued_until: until }));
  const { reader, writer } = store;
  const erasure = createLedgerErasure({ ...store.ledger.erasing, reader, writer, erasable, clock });
  const ledger = { ...store.ledger, erasure };
  const bulkReader = createLedgerReader(ledger.bulkLookups);
  const sightings = canaries.watchSightings(measuredSightings(bulkReader, metrics));
  return {
    ledger: createLedger(store.records),
    reader: createLedgerReader(ledger.lookups),
    /** For whoever asks what is known of many strings, also of such as nobody signed: nobody who verifies a token waits for it. */
    bulkReader,
    gauges: { ledgerQueue: () => store.queuedRecords() },
    routes: {
      data: supplied(LEDGER_ROUTES.data, { sightings }),
      operations: supplied(LEDGER_ROUTES.operations, { ledger }),
    },
    tasks: [
      {
        name: 'ledger archive',
        everyMs: LOOK_MS,
        tick: createArchiveWatch({ archives: ledger.archives, events, clock }),
      },
    ],
    acts: [addRevocation({ revocations, ledger }), eraseSubject({ revocations, ledger })],
    /** Archives what is due until it is stopped. */
    start: () =>
      keepRetention({
        archives: ledger.archives,
        keys: async () => (await store.registry.load()).keys,
        clock,
        // What is archived is told by events that the next run must be able to check.
        timeGuard: {
          isSettled: () => runs.own.certificate !== null && deps.settledTime.isSettled(),
        },
        leadership,
        onlineDays: config.ledger.online_days,
        retentionDays: config.ledger.retention_days,
        events,
        log,
      }),
  };
}
