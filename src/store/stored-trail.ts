import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Selectable, sql } from 'kysely';
import { ARCHIVE_EVENTS, type ArchiveFacts } from '../domain/archive-testimony.ts';
import type { StoredEvent } from '../domain/audit-sink.ts';
import type { LedgerGroup } from '../domain/ledger-chain.ts';
import type { PlacedRow } from '../domain/ledger-check.ts';
import { REPORT_ERASURES } from '../domain/reports/testimony.ts';
import { eventFromRow } from './audit-log.ts';
import { compileQuery } from './compile-query.ts';
import { type GroupColumns, ledgerGroup, placedRow, type RecordColumns } from './ledger-row.ts';
import type { Schema } from './schema.ts';
import { digestOfFile } from './segment-file.ts';

type Row<T extends keyof Schema> = Selectable<Schema[T]>;
type Archive = Row<'ledger_archives'>;

const EVENTS = compileQuery((db) => db.selectFrom('audit_events').selectAll().orderBy('sequence'));
const CHECKPOINTS = compileQuery((db) => db.selectFrom('checkpoints').selectAll().orderBy('number'));
const REVOCATIONS = compileQuery((db) => db.selectFrom('revocations').selectAll().orderBy('sequence'));
const SECURITY_EVENTS = compileQuery((db) =>
  db.selectFrom('security_events').selectAll().orderBy('sequence'),
);
const STEPS = compileQuery((db) => db.selectFrom('security_event_steps').selectAll().orderBy('sequence'));
const REPORTS = compileQuery((db) => db.selectFrom('reports').selectAll().orderBy('sequence'));
const REPORT_STEPS = compileQuery((db) => db.selectFrom('report_steps').selectAll().orderBy('sequence'));
const STEPS_OF_REPORT = compileQuery((db) =>
  db.selectFrom('report_steps').selectAll().where('report_number', '=', '').orderBy('sequence'),
);
/** Null where somebody made of the details what is no JSON: that is found elsewhere. */
const REPORTS_IN_DETAILS = sql<number>`CASE WHEN json_valid(details_json) THEN json_extract(details_json, '$.reports') END`;
const REPORTS_ERASED = compileQuery((db) =>
  db
    .selectFrom('audit_events')
    .select((eb) => eb.fn.sum<number | null>(REPORTS_IN_DETAILS).as('reports'))
    .where('type', 'in', [...REPORT_ERASURES]),
);
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
const SERVICE_KEY = compileQuery((db) =>
  db.selectFrom('service_keys').selectAll().where('role', '=', 'audit'),
);

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
    this.#db = new DatabaseSync(file, { readOnly: true });
    this.#archiveDir = archiveDir;
    this.#db.exec('BEGIN');
  }

  close(): void {
    this.#db.close();
  }

  auditKeyJson(): string | undefined {
    const [row] = this.#all<Row<'service_keys'>>(SERVICE_KEY, 'audit');
    return row?.public_jwk_json;
  }

  *events(): Generator<StoredEvent> {
    for (const row of this.#rows<Row<'audit_events'>>(EVENTS)) yield eventFromRow(row);
  }

  event(sequence: number): StoredEvent | undefined {
    const [row] = this.#all<Row<'audit_events'>>(EVENT, sequence);
    return row && eventFromRow(row);
  }

  checkpoints(): Iterable<Row<'checkpoints'>> {
    return this.#rows(CHECKPOINTS);
  }

  revocations(): Iterable<Row<'revocations'>> {
    return this.#rows(REVOCATIONS);
  }

  securityEvents(): Iterable<Row<'security_events'>> {
    return this.#rows(SECURITY_EVENTS);
  }

  securityEventSteps(): Iterable<Row<'security_event_steps'>> {
    return this.#rows(STEPS);
  }

  reports(): Iterable<Row<'reports'>> {
    return this.#rows(REPORTS);
  }

  reportSteps(): Iterable<Row<'report_steps'>> {
    return this.#rows(REPORT_STEPS);
  }

  /** Of how many reports the audit trail says that what was written was erased. */
  reportsErased(): number {
    return this.#all<{ reports: number | null }>(REPORTS_ERASED, ...REPORT_ERASURES)[0]?.reports ?? 0;
  }

  stepsOfReport(number: string): readonly Row<'report_steps'>[] {
    return this.#all(STEPS_OF_REPORT, number);
  }

  /** The audit events of that type to which no row of the table belongs, in order. */
  orphanedTestimonies(type: string, table: keyof typeof TESTIMONIES): number[] {
    return this.#all<{ sequence: number }>(TESTIMONIES[table], type).map(({ sequence }) => sequence);
  }

  *groups(): Generator<StoredGroup> {
    const archives = this.#all<Archive>(ARCHIVES);
    let segment: Segment | undefined;
    try {
      for (const row of this.#rows<GroupColumns>(GROUPS)) {
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
    for (const row of this.#rows<GroupColumns>(GROUPS)) {
      last = ledgerGroup(row);
      first ??= last;
    }
    const end = last ? last.firstRecord + last.rowCount - 1 : 0;
    return this.#all<{ sequence: number }>(STRAY, first?.firstRecord ?? 1, end, 1)[0]?.sequence;
  }

  archives(): ArchiveFacts[] {
    return this.#all<Archive>(ARCHIVES).map((row) => ({
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
    return this.#all<Row<'audit_events'>>(ARCHIVE_TESTIMONIES, ...Object.values(ARCHIVE_EVENTS))
      .map(eventFromRow)
      .filter(({ subject }) => subject !== 'ledger');
  }

  /** The segments that are not the files they were sealed as. */
  brokenSegments(): string[] {
    const there = this.#all<Archive>(ARCHIVES).filter(({ removed_at }) => removed_at === null);
    return there.filter((archive) => !isAsSealed(archive, this.#archiveDir)).map(({ file }) => file);
  }

  *#rows<T>(sql: string): Generator<T> {
    for (const row of this.#db.prepare(sql).iterate()) yield row as T;
  }

  #all<T>(sql: string, ...parameters: (string | number)[]): T[] {
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
      this.#db = new DatabaseSync(join(archiveDir, archive.file), { readOnly: true });
    }
  }

  recordsOf(group: LedgerGroup): readonly PlacedRow[] {
    return this.#db ? recordsOf(this.#db, group) : [];
  }

  close(): void {
    this.#db?.close();
  }
}

function isAsSealed({ file, file_digest }: Archive, archiveDir: string): boolean {
  try {
    return Buffer.compare(digestOfFile(join(archiveDir, file)), file_digest) === 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function recordsOf(db: DatabaseSync, { firstRecord, rowCount }: LedgerGroup): readonly PlacedRow[] {
  const rows = db.prepare(RECORDS).all(firstRecord, firstRecord + rowCount - 1);
  return rows.map((row) => placedRow(row as unknown as RecordColumns));
}
