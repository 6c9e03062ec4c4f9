import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type Selectable, sql } from 'kysely';
import { ARCHIVE_EVENTS, type ArchiveFacts, type SealedEvent, type StoredEvent } from '../kernel/audit.ts';
import type { LedgerGroup, PlacedRow } from '../kernel/ledger-chain.ts';
import { ERASURE_REQUESTED } from '../kernel/ledger-search.ts';
import { POLICY_BOUNDS } from '../kernel/policy.ts';
import { REVOCATION_ADDED } from '../kernel/revocation.ts';
import {
  type GroupSeal,
  RUN_CERTIFIED,
  type StoredRun,
  type ToldCertificate,
  toldCertificate,
} from '../kernel/runs.ts';
import { printable } from '../lib/html.ts';
import { openReadOnly } from './database-file.ts';
import { eventFromRow, sealedFromRow } from './event-seals.ts';
import { type GroupColumns, ledgerGroup, placedRow, type RecordColumns } from './ledger-row.ts';
import { runFromRow } from './runs.ts';
import type { Schema } from './schema.ts';
import { allForeignIn, type OwnSchema } from './schema-objects.ts';
import { digestOfFile, isSegmentFile } from './segment-file.ts';
import { compileQuery } from './sqlite-dialect.ts';

const MOST_DAMAGE = 10;
const [, LARGEST_SKEW_SECONDS] = POLICY_BOUNDS.clockSkewSeconds;

type Row<T extends keyof Schema> = Selectable<Schema[T]>;
type Archive = Row<'ledger_archives'>;

const EVENTS = compileQuery((db) => db.selectFrom('audit_events').selectAll().orderBy('sequence'));
const RUNS = compileQuery((db) => db.selectFrom('runs').selectAll().orderBy('started_at'));
const EVENTS_OF_TYPE = compileQuery((db) =>
  db.selectFrom('audit_events').selectAll().where('type', '=', '').orderBy('sequence'),
);
const CHECKPOINTS = compileQuery((db) => db.selectFrom('checkpoints').selectAll().orderBy('number'));
const REVOCATIONS = compileQuery((db) => db.selectFrom('revocations').selectAll().orderBy('sequence'));
const SECURITY_EVENTS = compileQuery((db) =>
  db.selectFrom('security_events').selectAll().orderBy('sequence'),
);
const STEPS = compileQuery((db) => db.selectFrom('security_event_steps').selectAll().orderBy('sequence'));
/** Null also for a text that is no JSON: anything may have been written there. */
const typeOfEvidence = (path: string) =>
  sql<string | null>`CASE WHEN json_valid(evidence_json) THEN json_type(evidence_json, ${sql.lit(path)}) END`;

const EVENT = compileQuery((db) => db.selectFrom('audit_events').selectAll().where('sequence', '=', 0));
const testimoniesWithout = (table: 'security_events' | 'security_event_steps' | 'reports' | 'report_steps') =>
  compileQuery((db) =>
    db
      .selectFrom('audit_events')
      .select('sequence')
      .where('type', '=', '')
      .where('sequence', 'not in', (of) => of.selectFrom(table).select('audit_sequence'))
      .orderBy('sequence'),
  );
const TESTIMONIES = {
  security_events: testimoniesWithout('security_events'),
  security_event_steps: testimoniesWithout('security_event_steps'),
  reports: testimoniesWithout('reports'),
  report_steps: testimoniesWithout('report_steps'),
} as const;
const GROUPS = compileQuery((db) => db.selectFrom('ledger_groups').selectAll().orderBy('sequence'));
const RECORDS = compileQuery((db) =>
  db
    .selectFrom('issuance_records')
    .selectAll()
    .where('sequence', '>=', 0)
    .where('sequence', '<=', 0)
    .orderBy('sequence'),
);
const STRAY = compileQuery((db) =>
  db
    .selectFrom('issuance_records')
    .select('sequence')
    .where((eb) => eb.or([eb('sequence', '<', 0), eb('sequence', '>', 0)]))
    .orderBy('sequence')
    .limit(1),
);
const ARCHIVES = compileQuery((db) => db.selectFrom('ledger_archives').selectAll().orderBy('first_group'));
const ARCHIVE_TESTIMONIES = compileQuery((db) =>
  db
    .selectFrom('audit_events')
    .selectAll()
    .where('type', 'in', Object.values(ARCHIVE_EVENTS))
    .orderBy('sequence'),
);
const KEYS = compileQuery((db) => db.selectFrom('signing_keys').selectAll());
const LAST_EVENT = compileQuery((db) =>
  db.selectFrom('audit_events').select(['sequence', 'time']).orderBy('sequence', 'desc').limit(1),
);
const LAST_CHECKPOINT = compileQuery((db) =>
  db.selectFrom('checkpoints').select('number').orderBy('number', 'desc').limit(1),
);
const SINK_POSITIONS = compileQuery((db) => db.selectFrom('audit_deliveries').selectAll());
const PLACE = compileQuery((db) => db.selectFrom('notification_place').selectAll());
const LAST_OF_TYPE = compileQuery((db) =>
  db.selectFrom('audit_events').selectAll().where('type', '=', '').orderBy('sequence', 'desc').limit(1),
);
const WITHOUT_MESSAGE = compileQuery((db) =>
  db
    .selectFrom('security_events as e')
    .selectAll()
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('notification_deliveries as d')
            .select('d.id')
            .whereRef('d.event_sequence', '<=', 'e.sequence')
            .whereRef('d.last_sequence', '>=', 'e.sequence'),
        ),
      ),
    )
    .orderBy('e.sequence'),
);
const told = (member: string) =>
  compileQuery((db) =>
    db
      .selectFrom('audit_events')
      .select(
        sql<number | null>`sum(CASE WHEN json_valid(details_json)
          THEN json_extract(details_json, ${sql.lit(`$.${member}`)}) END)`.as('count'),
      )
      .where('type', '=', '')
      .where('subject', '=', ''),
  );
const ERASURES = [
  {
    what: 'personal values in the evidence of security events',
    erased: compileQuery((db) =>
      db
        .selectFrom('security_events')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where((eb) =>
          eb.or([
            eb('evidence_json', 'is', null),
            eb('evidence_salt', 'is', null),
            // A commitment stands for what was erased.
            eb(typeOfEvidence('$.claims'), '=', 'text'),
            eb(typeOfEvidence('$.record'), '=', 'text'),
          ]),
        ),
    ),
    told: told('security_events'),
    names: [ERASURE_REQUESTED, 'ledger'],
  },
  {
    what: 'the personal values of records',
    erased: compileQuery((db) =>
      db
        .selectFrom('issuance_records')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('salt', 'is', null),
    ),
    told: told('records'),
    names: [ARCHIVE_EVENTS.replaced, 'ledger'],
  },
] as const;
const SERVICE_KEY = compileQuery((db) =>
  db.selectFrom('service_keys').selectAll().where('role', '=', 'audit'),
);

/** Values that are gone from rows, and how many the audit trail says were erased. */
export interface Erasure {
  readonly what: string;
  readonly erased: number;
  readonly told: number;
}

/** A group with its records; null where they left the archive for good. */
export interface StoredGroup {
  readonly group: LedgerGroup;
  readonly rows: readonly PlacedRow[] | null;
}

/**
 * A database as the verifier reads it: all of one moment, beside a running service or without. It reads the
 * sealed segments too.
 */
export class StoredTrail {
  readonly #db: DatabaseSync;
  readonly #archiveDir: string;

  constructor(file: string, archiveDir: string) {
    this.#db = openReadOnly(file);
    this.#archiveDir = archiveDir;
    this.#db.exec('BEGIN');
  }

  close(): void {
    this.#db.close();
  }

  /** What of the schema is not as Keyward makes it. */
  foreign(own: OwnSchema): string[] {
    return allForeignIn(this.#db, own);
  }

  /** What SQLite finds: an index that leaves rows out, a page in two tables, a value that no constraint lets in. */
  *damage(): Generator<string> {
    for (const row of this.#db.prepare(`PRAGMA integrity_check(${MOST_DAMAGE})`).iterate()) {
      if (row.integrity_check !== 'ok') yield printable(String(row.integrity_check));
    }
  }

  auditKeyJson(): string | undefined {
    const [row] = this.all<Row<'service_keys'>>(SERVICE_KEY, 'audit');
    return row?.public_jwk_json;
  }

  *events(): Generator<StoredEvent> {
    for (const row of this.rows<Row<'audit_events'>>(EVENTS)) yield eventFromRow(row);
  }

  *sealedEvents(): Generator<SealedEvent> {
    for (const row of this.rows<Row<'audit_events'>>(EVENTS)) yield sealedFromRow(row);
  }

  *groupSeals(): Generator<GroupSeal> {
    for (const row of this.rows<GroupColumns>(GROUPS)) {
      yield { sequence: row.sequence, hash: row.group_hash, runId: row.run_id, seal: row.seal };
    }
  }

  *runs(): Generator<StoredRun> {
    for (const row of this.rows<Row<'runs'>>(RUNS)) yield runFromRow(row);
  }

  *toldCertificates(): Generator<ToldCertificate> {
    for (const row of this.all<Row<'audit_events'>>(EVENTS_OF_TYPE, RUN_CERTIFIED)) {
      const told = toldCertificate(row.sequence, row.details_json);
      if (told) yield told;
    }
  }

  event(sequence: number): StoredEvent | undefined {
    const [row] = this.all<Row<'audit_events'>>(EVENT, sequence);
    return row && eventFromRow(row);
  }

  checkpoints(): Iterable<Row<'checkpoints'>> {
    return this.rows(CHECKPOINTS);
  }

  /** What the audit trail tells of them, in order. */
  revocationEvents(): StoredEvent[] {
    return this.all<Row<'audit_events'>>(EVENTS_OF_TYPE, REVOCATION_ADDED).map(eventFromRow);
  }

  revocations(): Iterable<Row<'revocations'>> {
    return this.rows(REVOCATIONS);
  }

  securityEvents(): Iterable<Row<'security_events'>> {
    return this.rows(SECURITY_EVENTS);
  }

  securityEventSteps(): Iterable<Row<'security_event_steps'>> {
    return this.rows(STEPS);
  }

  /** The audit events of that type to which no row of the table belongs, in order. */
  orphanedTestimonies(type: string, table: keyof typeof TESTIMONIES): number[] {
    return this.all<{ sequence: number }>(TESTIMONIES[table], type).map(({ sequence }) => sequence);
  }

  *groups(): Generator<StoredGroup> {
    const archives = this.all<Archive>(ARCHIVES);
    let segment: Segment | undefined;
    try {
      for (const row of this.rows<GroupColumns>(GROUPS)) {
        const group = ledgerGroup(row);
        const archive = archives.find(
          ({ first_group, last_group }) => first_group <= group.sequence && group.sequence <= last_group,
        );
        if (archive && segment?.archive !== archive) {
          segment?.close();
          segment = archive.removed_at === null ? new Segment(archive, this.#archiveDir) : undefined;
        }
        if (!archive) yield { group, rows: recordsOf(this.#db, group) };
        else yield { group, rows: segment?.recordsOf(group) ?? null };
      }
    } finally {
      segment?.close();
    }
  }

  /** A record that lies before the first group or behind the last one. */
  strayRecord(): number | undefined {
    let first: LedgerGroup | undefined;
    let last: LedgerGroup | undefined;
    for (const row of this.rows<GroupColumns>(GROUPS)) {
      last = ledgerGroup(row);
      first ??= last;
    }
    const end = last ? last.firstRecord + last.rowCount - 1 : 0;
    return this.all<{ sequence: number }>(STRAY, first?.firstRecord ?? 1, end, 1)[0]?.sequence;
  }

  /** From when on no token of a key can be good, by the bounds that its binding record was signed with. */
  endsOfUse(): ReadonlyMap<string, number> {
    const ends = new Map<string, number>();
    for (const { kid, binding_sign_until, binding_max_ttl_seconds } of this.rows<Row<'signing_keys'>>(KEYS)) {
      if (kid === null || binding_sign_until === null || binding_max_ttl_seconds === null) continue;
      ends.set(kid, binding_sign_until + binding_max_ttl_seconds + LARGEST_SKEW_SECONDS);
    }
    return ends;
  }

  /** The last event and checkpoint, 0 where there is none, and the time of that event. */
  ends(): { readonly event: number; readonly checkpoint: number; readonly now: number } {
    const [event] = this.all<{ sequence: number; time: number }>(LAST_EVENT, 1);
    const [checkpoint] = this.all<{ number: number }>(LAST_CHECKPOINT, 1);
    return { event: event?.sequence ?? 0, checkpoint: checkpoint?.number ?? 0, now: event?.time ?? 0 };
  }

  sinkPositions(): Row<'audit_deliveries'>[] {
    return this.all(SINK_POSITIONS);
  }

  notificationPlace(): number | undefined {
    return this.all<Row<'notification_place'>>(PLACE)[0]?.place;
  }

  lastOfType(type: string): StoredEvent | undefined {
    const [row] = this.all<Row<'audit_events'>>(LAST_OF_TYPE, type, 1);
    return row && eventFromRow(row);
  }

  /** Security events that no message to anybody tells of, whatever became of it. */
  eventsWithoutMessage(): Iterable<Row<'security_events'>> {
    return this.rows(WITHOUT_MESSAGE);
  }

  /** How many values were erased, and of how many the trail says so. */
  erasures(): readonly Erasure[] {
    return ERASURES.map(({ what, erased, told, names }) => ({
      what,
      erased: this.all<{ count: number }>(erased)[0]?.count ?? 0,
      told: this.all<{ count: number | null }>(told, ...names)[0]?.count ?? 0,
    }));
  }

  archives(): ArchiveFacts[] {
    return this.all<Archive>(ARCHIVES).map((row) => ({
      number: row.number,
      file: row.file,
      fileDigest: row.file_digest,
      firstGroup: row.first_group,
      lastGroup: row.last_group,
      firstRecord: row.first_record,
      lastRecord: row.last_record,
      lastExp: row.last_exp,
      kidsJson: row.kids_json,
      sealedAt: row.sealed_at,
      removedAt: row.removed_at,
    }));
  }

  /** What the audit trail tells of them, in order. */
  archiveEvents(): StoredEvent[] {
    return this.all<Row<'audit_events'>>(ARCHIVE_TESTIMONIES, ...Object.values(ARCHIVE_EVENTS))
      .map(eventFromRow)
      .filter(({ subject }) => subject !== 'ledger');
  }

  /** The segments that are not the files they were sealed as. */
  brokenSegments(): string[] {
    const there = this.all<Archive>(ARCHIVES).filter(({ removed_at }) => removed_at === null);
    return there.filter((archive) => !isAsSealed(archive, this.#archiveDir)).map(({ file }) => file);
  }

  /** What a compiled query without parameters reads, row by row. */
  *rows<T>(sql: string): Generator<T> {
    for (const row of this.#db.prepare(sql).iterate()) yield row as T;
  }

  /** What a compiled query reads, at once. */
  all<T>(sql: string, ...parameters: (string | number)[]): T[] {
    return this.#db.prepare(sql).all(...parameters) as T[];
  }
}

/** One sealed segment; what cannot be read holds no records. */
class Segment {
  readonly archive: Archive;
  readonly #db: DatabaseSync | undefined;

  constructor(archive: Archive, archiveDir: string) {
    this.archive = archive;
    if (isAsSealed(archive, archiveDir)) {
      this.#db = openReadOnly(join(archiveDir, archive.file));
    }
  }

  recordsOf(group: LedgerGroup): readonly PlacedRow[] {
    return this.#db ? recordsOf(this.#db, group) : [];
  }

  close(): void {
    this.#db?.close();
  }
}

function isAsSealed({ number, file, file_digest }: Archive, archiveDir: string): boolean {
  return (
    isSegmentFile(archiveDir, number, file) &&
    Buffer.compare(digestOfFile(join(archiveDir, file)), file_digest) === 0
  );
}

function recordsOf(db: DatabaseSync, { firstRecord, rowCount }: LedgerGroup): readonly PlacedRow[] {
  const rows = db.prepare(RECORDS).all(firstRecord, firstRecord + rowCount - 1);
  return rows.map((row) => placedRow(row as unknown as RecordColumns));
}
