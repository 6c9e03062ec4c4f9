import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { bucketOf, bucketText, readBucket } from '../../../src/db/signed/buckets.ts';
import {
  contentOf,
  digestOf,
  REGISTRY_TABLE_NAMES,
  type RegistryTable,
  rowId,
  rowKey,
} from '../../../src/db/signed/tables.ts';
import { describeTable, differences, insert, plain, type Row, rowsByContent } from '../tampering.ts';
import type { Manipulation } from './manipulations.ts';
import { recommit, rehash } from './rehash.ts';

/**
 * The same manipulation by somebody who knows the formats: what testifies to the rows is made to fit, and every
 * hash and chain is computed anew, as far as that needs neither HSM, PIN nor the memory of a service.
 */
export function consistently(of: Manipulation): Manipulation {
  const apply = (db: DatabaseSync) => {
    const version = Number(db.prepare('PRAGMA schema_version').get()?.schema_version);
    const before = rowsByContent(db, of.table);
    of.apply(db);
    if (of.kind === 'trigger' || of.kind === 'view') {
      db.exec(`PRAGMA schema_version = ${version}`);
      return;
    }
    recommit(db);
    if (of.kind !== 'tables of before')
      new Testimony(db, of.table).follow(before, rowsByContent(db, of.table));
    for (const table of REGISTRY_TABLE_NAMES) relist(db, table);
    rehash(db);
  };
  return { ...of, name: `${of.name}, consistently`, apply };
}

/** Tables whose rows name the audit event that tells of them. */
const NAMES_TESTIMONY = new Set(['security_events', 'case_log', 'reports', 'revocations']);

/** The audit events that tell of the rows of one table. */
class Testimony {
  readonly #db: DatabaseSync;
  readonly #table: string;

  constructor(db: DatabaseSync, table: string) {
    this.#db = db;
    this.#table = table;
  }

  /** Makes them tell of the rows as they are now. */
  follow(before: ReadonlyMap<string, Row>, after: ReadonlyMap<string, Row>): void {
    if (this.#table === 'audit_events') return;
    const { gone, come } = differences(before, after);
    if (gone.length === come.length) {
      for (const [at, row] of gone.entries()) this.#edit(row, come[at] ?? {});
      return;
    }
    for (const row of gone) this.#silence(row);
    const model = [...before.values()].at(-1);
    for (const row of come) this.#tell(row, model);
  }

  #edit(from: Row, to: Row): void {
    const event = this.#of(from);
    if (event) this.#write(substituted(event, from, to));
  }

  /** What told of the row tells of something that happens every day. */
  #silence(row: Row): void {
    const event = this.#of(row);
    const neutral = this.#db
      .prepare(`SELECT * FROM audit_events WHERE type = 'service.started' ORDER BY sequence LIMIT 1`)
      .get() as Row | undefined;
    if (event && neutral)
      this.#write({ ...neutral, sequence: event.sequence ?? null, time: event.time ?? null });
  }

  /** The newest event tells of the new row as that of another row told of it. */
  #tell(row: Row, model: Row | undefined): void {
    const told = model && this.#of(model);
    if (!told) return;
    const { last } = this.#db.prepare('SELECT max(sequence) AS last FROM audit_events').get() as {
      last: number;
    };
    const event = { ...substituted(told, model, row), sequence: last + 1, hash: randomBytes(32) };
    insert(this.#db, describeTable(this.#db, 'audit_events'), event);
    if (!NAMES_TESTIMONY.has(this.#table)) return;
    this.#db
      .prepare(`UPDATE "${this.#table}" SET audit_sequence = ? WHERE sequence = ?`)
      .run(last + 1, row.sequence ?? null);
  }

  #of(row: Row): Row | undefined {
    const find = (where: string, value: unknown) =>
      this.#db
        .prepare(`SELECT * FROM audit_events WHERE ${where} ORDER BY sequence LIMIT 1`)
        .get(value as number | string) as Row | undefined;
    if (NAMES_TESTIMONY.has(this.#table)) return find('sequence = ?', row.audit_sequence);
    if (this.#table === 'ledger_archives')
      return find(`type = 'ledger.archived' AND subject = 'ledger_archive:' || ?`, row.number);
    return undefined;
  }

  #write(event: Row): void {
    const columns = Object.keys(event).filter((name) => name !== 'sequence' && name !== 'hash');
    const places = columns.map((name) => `${name} = ?`).join(', ');
    this.#db
      .prepare(`UPDATE audit_events SET ${places} WHERE sequence = ?`)
      .run(...columns.map((name) => event[name] ?? null), event.sequence ?? null);
  }
}

/** The event with the values of one row replaced by those of another, wherever they stand. */
function substituted(event: Row, from: Row, to: Row): Row {
  const changes = Object.keys(from)
    .filter((name) => name !== 'audit_sequence' && plain(from[name]) !== plain(to[name]))
    .map((name) => [plain(from[name]), plain(to[name])] as const);
  const replace = (value: unknown) => {
    const change = changes.find(([old]) => old === value);
    return change ? change[1] : value;
  };
  const inText = (text: unknown) =>
    changes.reduce(
      (said, [old, now]) =>
        typeof old === 'string' && old !== '' ? said.replaceAll(old, String(now)) : said,
      String(text),
    );
  const details = JSON.parse(String(event.details_json)) as Record<string, unknown>;
  const said = Object.fromEntries(Object.entries(details).map(([name, value]) => [name, replace(value)]));
  return {
    ...event,
    time: replace(event.time) as number,
    actor: inText(event.actor),
    subject: inText(event.subject),
    details_json: JSON.stringify(said),
  };
}

/** Content and lists of a table of the registry, as its rows are now; signatures stay what they are. */
function relist(db: DatabaseSync, table: RegistryTable): void {
  const rows = db.prepare(`SELECT * FROM "${table}"`).all() as Row[];
  const signed = new Map(
    (db.prepare('SELECT * FROM registry_rows WHERE table_name = ?').all(table) as Row[]).map((row) => [
      String(row.row_id),
      row,
    ]),
  );
  const ids = new Set(rows.map((row) => rowId(table, row)));
  for (const id of [...signed.keys()].filter((each) => !ids.has(each))) unlist(db, table, id);
  for (const row of rows) {
    const [id, content] = [rowId(table, row), contentOf(row)];
    const beside = signed.get(id);
    if (beside?.content === content) continue;
    const model = beside ?? [...signed.values()][0];
    if (!model) continue;
    const sql =
      'INSERT OR REPLACE INTO registry_rows (table_name, row_id, content, signature, pending) VALUES (?, ?, ?, ?, NULL)';
    db.prepare(sql).run(table, id, content, model.signature ?? null);
    list(db, table, id, digestOf(content));
  }
}

function unlist(db: DatabaseSync, table: string, id: string): void {
  db.prepare('DELETE FROM registry_rows WHERE table_name = ? AND row_id = ?').run(table, id);
  list(db, table, id, undefined);
}

function list(db: DatabaseSync, table: string, id: string, contentHash: string | undefined): void {
  const number = bucketOf(table, id);
  const stored = db.prepare('SELECT rows_json FROM registry_buckets WHERE bucket = ?').get(number);
  const bucket = new Map(readBucket(String(stored?.rows_json ?? '[]')));
  const key = rowKey(table, id);
  const version = bucket.get(key)?.version ?? 1;
  if (contentHash === undefined) bucket.delete(key);
  else bucket.set(key, { table, id, version, contentHash });
  db.prepare('INSERT OR REPLACE INTO registry_buckets (bucket, rows_json) VALUES (?, ?)').run(
    number,
    bucketText(bucket),
  );
}
