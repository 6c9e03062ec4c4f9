import { dirname, join } from 'node:path';
import type { AccessStore } from '../domain/access-store.ts';
import type { RecordAppender } from '../domain/append.ts';
import type { AuditLog } from '../domain/audit-log.ts';
import type { SinkGate } from '../domain/audit-sink.ts';
import type { CanaryStore } from '../domain/canary.ts';
import type { Clock } from '../domain/clock.ts';
import type { DetectionMemories } from '../domain/detection-memory.ts';
import type { ProposalStore } from '../domain/proposal.ts';
import type { Registry } from '../domain/registry.ts';
import type { RevocationStore } from '../domain/revocation.ts';
import type { VerifierProbeStore } from '../domain/verifier-probe.ts';
import { createAccessStore } from './access-store.ts';
import { createAuditLog } from './audit-log.ts';
import { createCanaryStore } from './canaries.ts';
import { prepareDatabaseFile } from './database-file.ts';
import { createDetectionMemories } from './detection-memory.ts';
import { type LedgerStore, openLedgerStore } from './ledger-store.ts';
import { migrate } from './migrate.ts';
import { createNotificationOutbox, type StoredNotifications } from './notification-outbox.ts';
import { probe } from './probe.ts';
import { createProposalStore } from './proposals.ts';
import { Reader } from './reader.ts';
import { createRecordGaps, type RecordGapStore } from './record-gaps.ts';
import { createRegistry } from './registry.ts';
import { createReports, type StoredReports } from './reports.ts';
import { createRevocationStore } from './revocations.ts';
import { createSecurityEvents, type StoredSecurityEvents } from './security-events.ts';
import { openRegistry, type RegistryOpening, type RegistryReport } from './signed/open-registry.ts';
import { RegistryChanges } from './signed/registry-changes.ts';
import { toKeywardError, unavailable } from './sqlite-failure.ts';
import type { StoreEvent } from './store-event.ts';
import { createVerifierProbes } from './verifier-probes.ts';
import { identify } from './writable-database.ts';
import { Writer } from './writer.ts';
import type { Durability, FileIdentity } from './writer-protocol.ts';

export interface StoreOptions {
  /** Absolute path; made with mode 0600 where it is missing. */
  readonly file: string;
  /** Records that may wait for their commit. */
  readonly queueLimit: number;
  readonly clock: Clock;
  readonly onEvent: (event: StoreEvent) => void;
  /** Asked before what weakens is changed; absent where no service runs yet. */
  readonly gate?: SinkGate;
  /** Absolute path of the folder for archive segments; default: `ledger-archive` beside the file. */
  readonly archiveDir?: string;
  /** Records in one archive segment at most. */
  readonly segmentRecords?: number;
}

export interface Store {
  /** For `createLedger`. */
  readonly records: RecordAppender;
  readonly ledger: LedgerStore;
  /** Verifies the registry: before, `registry` and `access` neither answer nor change anything. */
  openRegistry(opening: RegistryOpening): Promise<RegistryReport>;
  /** Signs what an emergency wrote without the HSM, and answers how many rows that was; fails as `Signer.sign`. */
  signPending(): Promise<number>;
  /** Records that are not durable yet. */
  queuedRecords(): number;
  readonly registry: Registry;
  readonly access: AccessStore;
  readonly proposals: ProposalStore;
  readonly audit: AuditLog;
  readonly recordGaps: RecordGapStore;
  readonly canaries: CanaryStore;
  readonly verifierProbes: VerifierProbeStore;
  readonly revocations: RevocationStore;
  readonly securityEvents: StoredSecurityEvents;
  readonly detectionMemories: DetectionMemories;
  readonly reports: StoredReports;
  readonly notifications: StoredNotifications;
  /** Writes, commits and reads back. `store_unavailable`. */
  probe(): Promise<void>;
  /** How the write connection stands, read back from SQLite. */
  durability(): Promise<Durability>;
  /** Finishes what is queued first. */
  close(): Promise<void>;
}

/** Opens the database and brings its tables up to date. `store_unavailable` with the cause where it cannot. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { file, queueLimit, clock, onEvent, gate = OPEN_GATE } = options;
  const identity = prepare(file);
  const writer = new Writer({ file, identity, queueLimit, clock, onEvent });
  try {
    await writer.transaction(migrate);
  } catch (error) {
    await writer.close();
    throw toKeywardError(error);
  }
  const reader = new Reader(file);
  const { archiveDir = join(dirname(file), 'ledger-archive'), segmentRecords } = options;
  const ledger = openLedgerStore({
    file,
    identity,
    queueLimit,
    archiveDir,
    segmentRecords,
    writer,
    reader,
    clock,
  });
  const changes = new RegistryChanges(writer, clock, gate);
  return {
    records: writer,
    ledger,
    openRegistry: (opening) => openRegistry(reader, changes, opening),
    signPending: () => changes.signPending(),
    registry: createRegistry(reader, changes),
    access: createAccessStore(changes),
    proposals: createProposalStore(changes, clock),
    audit: createAuditLog(reader, writer, clock),
    recordGaps: createRecordGaps(reader, changes),
    canaries: createCanaryStore(changes),
    verifierProbes: createVerifierProbes(changes),
    revocations: createRevocationStore(reader, writer, clock),
    securityEvents: createSecurityEvents(reader, writer, clock),
    detectionMemories: createDetectionMemories(reader, writer, clock),
    reports: createReports(reader, writer, clock),
    notifications: createNotificationOutbox(reader, writer, clock),
    queuedRecords: () => writer.queuedRecords,
    probe: () => probe(writer, reader, clock),
    durability: () => writer.durability(),
    close: async () => {
      await ledger.close();
      reader.close();
      await writer.close();
    },
  };
}

const OPEN_GATE: SinkGate = { confirm: async () => {} };

function prepare(file: string): FileIdentity {
  try {
    prepareDatabaseFile(file);
    const identity = identify(file);
    if (identity) return identity;
    throw new Error(`${file} disappeared while it was opened`);
  } catch (cause) {
    throw unavailable(cause instanceof Error ? cause : new Error(String(cause)));
  }
}
