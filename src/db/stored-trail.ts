import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Selectable, sql } from 'kysely';
import type { SealedEvent, StoredEvent } from '../kernel/audit.ts';
import {
  type RecordedCertificate,
  RUN_CERTIFIED,
  recordedCertificate,
  type StoredRun,
} from '../kernel/audit-chain.ts';
import { printable } from '../lib/html.ts';
import { camelCased } from './camel-case.ts';
import { eventFromRow, sealedFromRow } from './event-seals.ts';
import type { Schema, TestifiedName } from './schema.ts';
import { openReadOnly } from './sqlite/database-file.ts';
import { compileQuery } from './sqlite/dialect.ts';
import { allForeignIn, type OwnSchema } from './sqlite/schema-objects.ts';

const MOST_DAMAGE = 10;

type Row<T extends keyof Schema> = Selectable<Schema[T]>;

const EVENTS_OF_TYPE = compileQuery((db) =>
  db.selectFrom('audit_events').selectAll().where('type', '=', '').orderBy('sequence'),
);
const EVENT = compileQuery((db) => db.selectFrom('audit_events').selectAll().where('sequence', '=', 0));
const auditRecordsWithout = (table: TestifiedName) =>
  compileQuery((db) =>
    db
      .selectFrom('audit_events')
      .selectAll()
      .where('type', '=', '')
      .where('sequence', 'not in', (of) => of.selectFrom(table).select('audit_sequence'))
      .orderBy('sequence'),
  );
/** Null where somebody made of the details what is no JSON: that is found elsewhere. */
const erasedBy = (types: readonly string[], member: string, subject: string) =>
  compileQuery((db) =>
    db
      .selectFrom('audit_events')
      .select(
        sql<number | null>`sum(CASE WHEN json_valid(details_json)
          THEN json_extract(details_json, ${sql.lit(`$.${member}`)}) END)`.as('count'),
      )
      .where('type', 'in', types)
      .where('subject', 'like', subject),
  );
const LAST_EVENT = compileQuery((db) =>
  db.selectFrom('audit_events').select(['sequence', 'time']).orderBy('sequence', 'desc').limit(1),
);
const LAST_CHECKPOINT = compileQuery((db) =>
  db.selectFrom('checkpoints').select('number').orderBy('number', 'desc').limit(1),
);
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
const SERVICE_KEY = compileQuery((db) =>
  db.selectFrom('service_keys').selectAll().where('role', '=', 'audit'),
);

/** A database as the verifier reads it: all of one moment, beside a running service or without. */
export class StoredTrail {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  /** Absolute path of the folder with the sealed segments. */
  readonly archiveDir: string;

  constructor(file: string, archiveDir: string) {
    this.#db = openReadOnly(file);
    this.archiveDir = archiveDir;
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
    for (const row of this.table('audit_events', 'sequence')) yield eventFromRow(row);
  }

  *sealedEvents(): Generator<SealedEvent> {
    for (const row of this.table('audit_events', 'sequence')) yield sealedFromRow(row);
  }

  *runs(): Generator<StoredRun> {
    for (const row of this.table('runs', 'started_at')) yield camelCased(row);
  }

  *recordedCertificates(): Generator<RecordedCertificate> {
    for (const row of this.all<Row<'audit_events'>>(EVENTS_OF_TYPE, RUN_CERTIFIED)) {
      const told = recordedCertificate(row.sequence, row.details_json);
      if (told) yield told;
    }
  }

  event(sequence: number): StoredEvent | undefined {
    const [row] = this.all<Row<'audit_events'>>(EVENT, sequence);
    return row && eventFromRow(row);
  }

  /** The audit events of that type to which no row of the table belongs, in order. */
  orphanedAuditRecords(type: string, table: TestifiedName): StoredEvent[] {
    return this.all<Row<'audit_events'>>(auditRecordsWithout(table), type).map(eventFromRow);
  }

  /** Of how many rows the audit events of these types, about a subject like that, say that personal values were erased. */
  erasedBy(types: readonly string[], member: string, subject = '%'): number {
    const query = erasedBy(types, member, subject);
    return this.all<{ count: number | null }>(query, ...types, subject)[0]?.count ?? 0;
  }

  /** The last event and checkpoint, 0 where there is none, and the time of that event. */
  ends(): { readonly event: number; readonly checkpoint: number; readonly now: number } {
    const [event] = this.all<{ sequence: number; time: number }>(LAST_EVENT, 1);
    const [checkpoint] = this.all<{ number: number }>(LAST_CHECKPOINT, 1);
    return { event: event?.sequence ?? 0, checkpoint: checkpoint?.number ?? 0, now: event?.time ?? 0 };
  }

  lastOfType(type: string): StoredEvent | undefined {
    const [row] = this.all<Row<'audit_events'>>(LAST_OF_TYPE, type, 1);
    return row && eventFromRow(row);
  }

  /** Security events that no message to anybody tells of, whatever became of it. */
  eventsWithoutMessage(): Iterable<Row<'security_events'>> {
    return this.rows(WITHOUT_MESSAGE);
  }

  /** A whole table, row by row. */
  *table<T extends keyof Schema>(name: T, order: keyof Schema[T] & string): Generator<Row<T>> {
    yield* this.rows<Row<T>>(`SELECT * FROM "${name}" ORDER BY "${order}"`);
  }

  /** What a compiled query without parameters reads, row by row. */
  *rows<T>(sql: string): Generator<T> {
    for (const row of this.#db.prepare(sql).iterate()) yield row as T;
  }

  /** What a compiled query reads, at once. */
  all<T>(sql: string, ...parameters: (string | number)[]): T[] {
    const prepared = this.#prepared.get(sql) ?? this.#db.prepare(sql);
    this.#prepared.set(sql, prepared);
    return prepared.all(...parameters) as T[];
  }
}
