import { dirname, join } from 'node:path';
import type { DetectionMemories } from '../kernel/activity.ts';
import type { AccessStore } from '../kernel/actor.ts';
import type { ProposalStore } from '../kernel/acts.ts';
import type { AuditLog, SinkGate, UnwitnessedTrail } from '../kernel/audit.ts';
import type { BrokenChain } from '../kernel/audit-chain.ts';
import type { CanaryStore } from '../kernel/canary.ts';
import type { Clock } from '../kernel/clock.ts';
import type { RecordAppender } from '../kernel/ledger-search.ts';
import type { RefusedRow, Registry } from '../kernel/registry.ts';
import type { RevocationStore } from '../kernel/revocation.ts';
import { createRunKey, type RunKey, type Runs } from '../kernel/runs.ts';
import type { VerifierProbeStore } from '../kernel/verifier-probe.ts';
import { Emitter, ReplayingEmitter, type Subscribable } from '../lib/emitter.ts';
import { createAccessStore } from '../access/store/access.ts';
import { ownAuditHead } from './append-audit-event.ts';
import { createAuditLog } from '../audit/store/audit-log.ts';
import { createCanaryStore } from '../canaries/store.ts';
import { identify, prepareDatabaseFile } from './database-file.ts';
import { createDetectionMemories } from '../detection/store.ts';
import { enrolServiceKeys, type ServiceKeyEnrolment } from './enrol-service-keys.ts';
import type { Erasable } from '../events/store/erase-evidence.ts';
import { EventSeals, type EventTrust } from './event-seals.ts';
import { type LedgerStore, openLedgerStore } from './ledger-store.ts';
import { migrateFile } from './migrate-file.ts';
import { createNotificationOutbox, type StoredNotifications } from '../notifications/store/outbox.ts';
import { createProposalStore } from '../access/store/proposals.ts';
import { probe, ReadBack } from './read-back.ts';
import { Reader } from './reader.ts';
import { createRecordGaps, type RecordGapStore } from '../restore/store.ts';
import { createRegistry } from './registry.ts';
import { createRevocationStore, ownRevocationHead } from '../revocation/store.ts';
import { createRuns, insertRun } from '../audit/store/runs.ts';
import type { TrxReader, TrxWriter } from './schema.ts';
import { createSecurityEvents, type StoredSecurityEvents } from '../events/store/security-events.ts';
import { RegistryChanges } from './signed/registry-changes.ts';
import {
  openRegistry,
  type RegistryOpening,
  type RegistryReport,
  RegistryWalk,
} from './signed/registry-walk.ts';
import { toKeywardError, unavailable } from './sqlite-failure.ts';
import { createUnwitnessedTrail, UnwitnessedRanges } from './unwitnessed.ts';
import { createVerifierProbes } from '../probes/store.ts';
import { brokenBy, type StoreEvent } from './write-health.ts';
import { Writer } from './writer.ts';
import type { Durability, FileIdentity } from './writer-protocol.ts';

interface StoreOptions {
  /** Absolute path; made with mode 0600 where it is missing. */
  readonly file: string;
  /** Records that may wait for their commit. */
  readonly queueLimit: number;
  readonly clock: Clock;
  readonly onEvent: (event: StoreEvent) => void;
  /** Seals what is appended; default: a key of its own. */
  readonly run?: RunKey;
  /** Asked before what weakens is changed; absent where no service runs yet. */
  readonly gate?: SinkGate;
  /** Absolute path of the folder for archive segments; default: `ledger-archive` beside the file. */
  readonly archiveDir?: string;
  /** What capabilities keep of persons in tables of their own: an erasure that misses one is none. */
  readonly erasable: readonly Erasable[];
  /** Records in one archive segment at most. */
  readonly segmentRecords?: number;
}

export interface Store {
  /** For the stores of capabilities: each read and each change is one transaction. `store_unavailable`. */
  readonly reader: TrxReader;
  readonly writer: TrxWriter;
  /** For `createLedger`. */
  readonly records: RecordAppender;
  readonly ledger: LedgerStore;
  /** Verifies the registry: before, `registry` and `access` neither answer nor change anything. */
  openRegistry(opening: RegistryOpening): Promise<RegistryReport>;
  /** Looks on, a table a step: which rows of the registry are not as this process left them. `store_unavailable`. */
  walkRegistry(): Promise<readonly RefusedRow[]>;
  /** Signs what an emergency wrote without the HSM, and answers how many rows that was; fails as `Signer.sign`. */
  signPending(): Promise<number>;
  /** Puts other service keys in the place of lost ones; the registry goes on with the new registry key. */
  enrolServiceKeys(enrolment: ServiceKeyEnrolment): Promise<void>;
  /** Records that are not durable yet. */
  queuedRecords(): number;
  readonly registry: Registry;
  readonly access: AccessStore;
  readonly proposals: ProposalStore;
  readonly audit: AuditLog;
  readonly runs: Runs;
  readonly unwitnessed: UnwitnessedTrail;
  /** Changes that a checkpoint should cover at once. */
  readonly checkpointWanted: Subscribable<null>;
  readonly recordGaps: RecordGapStore;
  readonly canaries: CanaryStore;
  readonly verifierProbes: VerifierProbeStore;
  readonly revocations: RevocationStore;
  readonly securityEvents: StoredSecurityEvents;
  readonly detectionMemories: DetectionMemories;
  readonly notifications: StoredNotifications;
  /** What stands behind the audit events of earlier runs: from then on no other decides anything. `store_unavailable`. */
  trustEvents(trust: EventTrust): Promise<void>;
  /** Audit events that were met and count for nothing. */
  readonly brokenEvents: Subscribable<BrokenChain>;
  /** Names what of the schema somebody else changed; undefined where nothing was. `store_unavailable`. */
  foreignSchema(): string | undefined;
  /** Writes, commits and reads back. `store_unavailable`. */
  probe(): Promise<void>;
  /** Looks the newest record up as a verification does; until that works nothing is recorded. `store_unavailable`. */
  probeLookups(): Promise<void>;
  /** How the write connection stands, read back from SQLite. */
  durability(): Promise<Durability>;
  /** Finishes what is queued first. */
  close(): Promise<void>;
}

/**
 * Opens the database and brings its tables up to date. `store_unavailable` with the cause where it cannot;
 * `foreign_schema` for tables that somebody else changed.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { file, queueLimit, clock, onEvent, gate = OPEN_GATE, erasable } = options;
  const identity = { ...prepare(file), schema: await migrateFile(file) };
  const run = options.run ?? createRunKey(clock.nowSeconds());
  const unwitnessed = new UnwitnessedRanges();
  const broken = new Emitter<BrokenChain>();
  const writer = new Writer({
    file,
    identity,
    queueLimit,
    clock,
    run,
    unwitnessed,
    onEvent: (event) => {
      onEvent(event);
      const found = brokenBy(event, writer.ledgerEnd?.sequence ?? 0);
      if (found) broken.emit(found);
    },
  });
  try {
    await writer.transaction(async (trx) => {
      await ownAuditHead(trx);
      await ownRevocationHead(trx);
      await insertRun(trx, run);
    });
  } catch (error) {
    await writer.close();
    throw toKeywardError(error);
  }
  const brokenEvents = new ReplayingEmitter<BrokenChain>();
  const seals = new EventSeals([run], (found) => brokenEvents.emit(found));
  const reader = new Reader(file, identity.schema, unwitnessed, seals);
  const { archiveDir = join(dirname(file), 'ledger-archive'), segmentRecords } = options;
  const ledger = openLedgerStore({
    file,
    identity,
    queueLimit,
    archiveDir,
    segmentRecords,
    run: { id: run.id, publicKey: run.publicKey },
    writer,
    reader,
    broken,
    erasable,
    clock,
    onLookupFailure: (error) => readBack.failed(error),
  });
  const readBack = new ReadBack({
    appender: writer,
    lookups: [ledger.lookups, ledger.bulkLookups],
    onChange: (condition, cause) =>
      onEvent(condition ? { name: 'read_failed', condition, cause } : { name: 'read_recovered' }),
  });
  const changes = new RegistryChanges(writer, clock, gate);
  const registryWalk = new RegistryWalk(reader, changes);
  return {
    reader,
    writer,
    records: readBack,
    ledger,
    openRegistry: (opening) => openRegistry(reader, changes, opening),
    walkRegistry: () => registryWalk.step(),
    signPending: () => changes.signPending(),
    enrolServiceKeys: (enrolment) => enrolServiceKeys(changes, enrolment),
    registry: createRegistry(reader, changes),
    access: createAccessStore(changes),
    proposals: createProposalStore(changes, clock),
    audit: createAuditLog({ reader, writer, clock, changes }),
    checkpointWanted: writer.checkpointWanted,
    unwitnessed: createUnwitnessedTrail(unwitnessed, reader, writer, clock),
    runs: createRuns(reader, writer, run, clock, (found) => brokenEvents.emit(found)),
    recordGaps: createRecordGaps(reader, changes),
    canaries: createCanaryStore(changes),
    verifierProbes: createVerifierProbes(changes),
    revocations: createRevocationStore(ledger.walks, writer, clock),
    securityEvents: createSecurityEvents(reader, writer, clock),
    detectionMemories: createDetectionMemories(reader, writer, clock),
    notifications: createNotificationOutbox(reader, writer, clock),
    queuedRecords: () => writer.queuedRecords,
    async trustEvents(trust) {
      seals.trust(trust);
      await writer.trustEvents(trust);
    },
    brokenEvents,
    foreignSchema: () => reader.foreign(),
    probe: () => probe(writer, reader, clock),
    probeLookups: () => readBack.probe(),
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
