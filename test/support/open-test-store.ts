import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createAccessStore } from '../../src/access/store/access.ts';
import { createProposalStore } from '../../src/access/store/proposals.ts';
import { openTrail } from '../../src/audit/store/trail.ts';
import { createCanaryStore } from '../../src/canaries/store.ts';
import { openStore, type Store } from '../../src/db/open-store.ts';
import type { RegistryReport } from '../../src/db/signed/registry-walk.ts';
import type { StoreEvent } from '../../src/db/write-health.ts';
import { createDetectionMemories } from '../../src/detection/store.ts';
import { createSecurityEvents } from '../../src/events/store/security-events.ts';
import type { EventRange } from '../../src/kernel/audit.ts';
import { AUDIT_GENESIS, type StoredRun } from '../../src/kernel/audit-chain.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import type { RegistrySeal } from '../../src/kernel/registry.ts';
import { createLedgerErasure } from '../../src/ledger/store.ts';
import { createNotificationOutbox } from '../../src/notifications/store/outbox.ts';
import { createVerifierProbes } from '../../src/probes/store.ts';
import type { ReportStore } from '../../src/reports/case.ts';
import { erasableReports } from '../../src/reports/store/erase.ts';
import { createReportStore } from '../../src/reports/store/reports.ts';
import { createRecordGaps } from '../../src/restore/store.ts';
import { createRevocationStore } from '../../src/revocation/store.ts';
import { folderOfTest } from './folder-of-test.ts';
import { ON_POSTGRES } from './on-postgres.ts';
import { ownedPostgres, type TestPostgres } from './postgres/owned.ts';
import { SOFTWARE_SEAL } from './software-seal.ts';
import type { TestDatabase } from './store-database.ts';

export const NOON: Clock = { nowSeconds: () => 1_760_000_000 };

export interface TestStore {
  readonly store: TestStores;
  readonly reports: ReportStore;
  /** For the SQL of others, and to be opened again. */
  readonly database: TestDatabase;
  /** Empty for PostgreSQL. */
  readonly file: string;
  readonly events: readonly StoreEvent[];
  readonly report: RegistryReport;
}

interface TestStoreOptions {
  readonly file?: string;
  /** In the place of a file. */
  readonly postgres?: TestPostgres;
  /** Of a store that is open or was; in the place of both. */
  readonly database?: TestDatabase;
  readonly queueLimit?: number;
  readonly segmentRecords?: number;
  /** Default: one of its own. */
  readonly archiveDir?: string;
  readonly seal?: RegistrySeal;
  readonly clock?: Clock;
  /** Earlier runs whose seals count; default: all. */
  readonly trusted?: readonly StoredRun[];
  /** Events that nothing but the database vouches for. */
  readonly unwitnessed?: EventRange;
}

export type TestStores = ReturnType<typeof withStores>;

/** The engine with what capabilities open on it. */
export function withStores(engine: Store, clock: Clock) {
  const { reader, writer, changes, ledger } = engine;
  const erasure = createLedgerErasure({
    ...ledger.erasing,
    reader,
    writer,
    erasable: () => [erasableReports],
    clock,
  });
  return {
    ...engine,
    ...openTrail(engine, clock),
    ledger: { ...ledger, erasure },
    access: createAccessStore(changes),
    proposals: createProposalStore(changes, clock),
    canaries: createCanaryStore(changes),
    verifierProbes: createVerifierProbes(changes),
    recordGaps: createRecordGaps(reader, changes),
    revocations: createRevocationStore(ledger.walks, writer),
    securityEvents: createSecurityEvents(reader, writer, clock),
    detectionMemories: createDetectionMemories(reader, writer, clock),
    notifications: createNotificationOutbox(reader, writer, clock),
  };
}

/** A store of the running test's own, its registry signed in memory, closed when it ends. */
export async function openTestStore(options: TestStoreOptions = {}): Promise<TestStore> {
  const { queueLimit = 1_000, segmentRecords } = options;
  const database = options.database ?? (await databaseOf(options));
  const { file, postgres } = database;
  const { seal = SOFTWARE_SEAL, trusted } = options;
  const events: StoreEvent[] = [];
  const engine = await openStore({
    ...(postgres ? { database: postgres.database, owner: postgres.owner } : { database: { file } }),
    archiveDir: options.archiveDir ?? join(postgres ? folderOfTest() : dirname(file), 'ledger-archive'),
    queueLimit,
    ...(segmentRecords === undefined ? {} : { segmentRecords }),
    clock: options.clock ?? NOON,
    onEvent: (event) => events.push(event),
  });
  const store = withStores(engine, options.clock ?? NOON);
  const reports = createReportStore(store.reader, store.writer, options.clock ?? NOON);
  onTestFinished(() => store.close());
  await store.trustEvents({ runs: trusted ?? (await store.runs.all()), reach: AUDIT_GENESIS });
  await store.unwitnessed.load(options.unwitnessed);
  const report = await store.openRegistry({ seal });
  return { store, reports, database, file, events, report };
}

async function databaseOf({ file, postgres }: TestStoreOptions): Promise<TestDatabase> {
  if (postgres) return { file: '', postgres };
  if (ON_POSTGRES && !file) return { file: '', postgres: await ownedPostgres() };
  return { file: file ?? join(folderOfTest(), 'keyward.db'), postgres: undefined };
}
