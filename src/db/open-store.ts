import type { SinkGate } from '../kernel/audit.ts';
import { type BrokenChain, createRunKey, type RunDescription, type RunKey } from '../kernel/audit-chain.ts';
import type { Clock } from '../kernel/clock.ts';
import type { RecordAppender } from '../kernel/ledger-search.ts';
import type { FrontNotes, RefusedRow, Registry } from '../kernel/registry.ts';
import { Emitter, ReplayingEmitter, type Subscribable } from '../lib/emitter.ts';
import { ownAuditHead } from './append-audit-event.ts';
import { snakeCased } from './camel-case.ts';
import { refuseIncomplete } from './copy/initial-copy.ts';
import type { DatabaseSettings } from './database-settings.ts';
import type { DatabaseOwner, FrontDatabase } from './engine.ts';
import { enrolServiceKeys, type ServiceKeyEnrolment } from './enrol-service-keys.ts';
import { EventSeals, type EventTrust } from './event-seals.ts';
import { toKeywardError } from './failure.ts';
import { Follower } from './follower.ts';
import { createFrontNotes } from './front-notes.ts';
import { LedgerMark } from './ledger-mark.ts';
import { type LedgerStore, openLedgerStore } from './ledger-store.ts';
import { LeftBehindChanges } from './left-behind.ts';
import { refuseMoved } from './moved.ts';
import { openEngine } from './open-engine.ts';
import { OwedFile } from './owed-file.ts';
import { createPeerEnds } from './peer-ends.ts';
import { probe, ReadBack } from './read-back.ts';
import { Reader } from './reader.ts';
import { createRegistry } from './registry.ts';
import { RunDirectory, type RunJudge } from './run-directory.ts';
import type { Trx, TrxReader, UrgentWriter } from './schema.ts';
import { RegistryChanges } from './signed/registry-changes.ts';
import {
  openRegistry,
  type RegistryOpening,
  type RegistryReport,
  RegistryWalk,
} from './signed/registry-walk.ts';
import { ownLastRevocation } from './testified.ts';
import { UnwitnessedRanges } from './unwitnessed.ts';
import { brokenBy, type StoreEvent } from './write-health.ts';
import { Writer } from './writer.ts';
import type { Durability } from './writer-protocol.ts';

interface StoreOptions {
  readonly database: DatabaseSettings;
  /** As whom it writes; a file takes no notice of it. */
  readonly owner?: DatabaseOwner;
  /** Whoever acknowledged the records so far; default: who had this database before. */
  readonly formerOwner?: string | undefined;
  /** Records that may wait for their commit. */
  readonly queueLimit: number;
  readonly clock: Clock;
  readonly onEvent: (event: StoreEvent) => void;
  /** Seals what is appended; default: a key of its own. */
  readonly run?: RunKey;
  /** Asked before what weakens is changed; absent where no service runs yet. */
  readonly gate?: SinkGate;
  /** Absolute path of the folder for archive segments. */
  readonly archiveDir: string;
  /** Opens one that was moved, too: for the command that moves it. */
  readonly mayBeMoved?: boolean;
  /** Records in one archive segment at most. */
  readonly segmentRecords?: number;
}

export interface Store {
  /** For the stores of capabilities: each read and each change is one transaction. `store_unavailable`. */
  readonly reader: TrxReader;
  readonly writer: UrgentWriter & Pick<Writer, 'ledgerEnd' | 'auditEnd'>;
  /** The same for the signed tables, once the registry is open. */
  readonly changes: RegistryChanges;
  /** What this host knows of the end of the ledger. */
  readonly mark: Pick<LedgerMark, 'found' | 'isWhole'>;
  /** Urgent changes that a promotion may have lost, and that have to be ordered anew. */
  readonly leftBehind: Pick<LeftBehindChanges, 'file' | 'count' | 'hasSettled' | 'read' | 'settle'>;
  /** Takes over what other fronts commit; whoever holds more in memory of the database adds to it. */
  readonly follower: Pick<Follower, 'add' | 'look' | 'isShared' | 'age' | 'requireFresh'>;
  /** Absent where no other front can be. */
  readonly notes?: FrontNotes;
  /** Where other fronts have the database, too; undefined for a file. */
  readonly shared: FrontDatabase | undefined;
  /** How runs of other fronts are judged: until then their seals do not count. */
  judgeRuns(judge: RunJudge): void;
  /** For `createLedger`. */
  readonly records: RecordAppender;
  readonly ledger: LedgerStore;
  /** Verifies the registry: before, `registry` and `changes` neither answer nor change anything. */
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
  /** This process's own. */
  readonly run: RunDescription;
  /** What readers pass over of the audit trail. */
  readonly unwitnessedRanges: UnwitnessedRanges;
  /** Changes that a checkpoint should cover at once. */
  readonly checkpointWanted: Subscribable<null>;
  /** What stands behind the audit events of earlier runs: from then on no other decides anything. `store_unavailable`. */
  trustEvents(trust: EventTrust): Promise<void>;
  /** Audit events that were met and count for nothing. */
  readonly brokenEvents: ReplayingEmitter<BrokenChain>;
  /** Names what of the schema somebody else changed; undefined where nothing was. `store_unavailable`. */
  foreignSchema(): Promise<string | undefined>;
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
 * `foreign_schema` for tables that somebody else changed; `database_moved`, `database_incomplete`.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { queueLimit, clock, onEvent, gate = OPEN_GATE } = options;
  const run = options.run ?? createRunKey(clock.nowSeconds());
  const owed = new OwedFile(options.archiveDir, run);
  const engine = await openEngine(options.database, options.owner);
  const unwitnessed = new UnwitnessedRanges();
  const broken = new Emitter<BrokenChain>();
  const { archiveDir, segmentRecords, owner = NOBODY } = options;
  const { id, former, isJoining, notes } = owner;
  const readerOf = (seals?: EventSeals) =>
    new Reader({
      language: engine.language,
      link: engine.openReads(),
      unwitnessed,
      proof: engine.shared?.proof,
      ...(seals ? { seals } : {}),
    });
  const runReader = readerOf();
  const directory = new RunDirectory(runReader);
  const mark = new LedgerMark({
    archiveDir,
    owner: { id, former: options.formerOwner ?? former, isJoining },
  });
  const writer = new Writer({
    engine,
    queueLimit,
    clock,
    run,
    unwitnessed,
    mark,
    ...(engine.shared
      ? { peers: { ...createPeerEnds(directory), runs: directory, proof: engine.shared.proof } }
      : {}),
    onEvent: (event) => {
      onEvent(event);
      const found = brokenBy(event, writer.ledgerEnd?.sequence ?? 0);
      if (found) broken.emit(found);
    },
  });
  try {
    await writer.transaction(async (trx) => {
      await refuseIncomplete(trx);
      if (!options.mayBeMoved) await refuseMoved(trx);
      const { sequence } = await ownAuditHead(trx);
      await ownLastRevocation(trx);
      await insertRun(trx, run);
      // Before the commit: the database names this owner by now, also where this start fails.
      mark.begin(sequence === 0);
    });
  } catch (error) {
    await writer.close();
    mark.close();
    throw toKeywardError(error);
  }
  const brokenEvents = new ReplayingEmitter<BrokenChain>();
  const seals = new EventSeals([run], (found) => brokenEvents.emit(found), directory);
  const [reader, followReader] = [readerOf(seals), readerOf(seals)];
  const ledger = openLedgerStore({
    engine,
    queueLimit,
    archiveDir,
    segmentRecords,
    run: { id: run.id, publicKey: run.publicKey },
    directory,
    writer,
    reader,
    broken,
    clock,
    onLookupFailure: (error) => readBack.failed(error),
  });
  const readBack = new ReadBack({
    appender: writer,
    // A thread that nobody asked yet is not started for this.
    lookups: () => [ledger.lookups, ...(ledger.bulkLookups.isUsed ? [ledger.bulkLookups] : [])],
    onChange: (condition, cause) =>
      onEvent(condition ? { name: 'read_failed', condition, cause } : { name: 'read_recovered' }),
  });
  const changes = new RegistryChanges(writer, clock, gate, (state, change) => {
    onEvent({ name: 'urgent_change', state, change });
    try {
      leftBehind.note(state, change);
    } catch (cause) {
      // It is in effect all the same.
      onEvent({ name: 'urgent_change_unkept', cause });
    }
  });
  const follower = new Follower({
    reader: followReader,
    shared: engine.shared,
    owner,
    writer,
  });
  follower.add(async (from) => void (changes.isOpen && (await changes.catchUp(from))));
  writer.followBy(() => follower.catchUp());
  const leftBehind = new LeftBehindChanges({ owed, run, runs: directory, reader, follower, changes });
  const registryWalk = new RegistryWalk(reader, changes);
  return {
    reader,
    writer,
    mark,
    follower,
    ...(notes ? { notes: createFrontNotes({ board: notes, run, runs: directory }) } : {}),
    shared: engine.shared && {
      id,
      isThere: engine.shared.isThere,
      read: (query) => reader.read(query),
      transaction: (work) => writer.transaction(work),
    },
    leftBehind,
    judgeRuns: (judge) => directory.judgeBy(judge),
    records: readBack,
    ledger,
    openRegistry: (opening) => openRegistry(reader, changes, opening),
    walkRegistry: () => registryWalk.step(),
    signPending: () => changes.signPending(),
    enrolServiceKeys: (enrolment) => enrolServiceKeys(changes, enrolment),
    registry: createRegistry(reader, changes),
    changes,
    run: { id: run.id, publicKey: run.publicKey, startedAt: run.startedAt },
    unwitnessedRanges: unwitnessed,
    checkpointWanted: writer.checkpointWanted,
    queuedRecords: () => writer.queuedRecords,
    async trustEvents(trust) {
      seals.trust(trust);
      writer.trustEvents(trust);
    },
    brokenEvents,
    foreignSchema: () => reader.foreign(),
    probe: () => probe(writer, reader, clock),
    probeLookups: () => readBack.probe(),
    durability: () => writer.durability(),
    close: async () => {
      await ledger.close();
      await Promise.all([reader, followReader, runReader].map((each) => each.close()));
      await writer.close();
      mark.close();
    },
  };
}

async function insertRun(trx: Trx, { id, publicKey, startedAt }: RunKey): Promise<void> {
  await trx
    .insertInto('runs')
    .values(snakeCased({ id, publicKey, startedAt, certificate: null }))
    .execute();
}

/** A database that nobody shares. */
const NOBODY = { id: '', former: '', isJoining: false, hadOthers: false, notes: undefined };
const OPEN_GATE: SinkGate = { confirm: async () => {} };
