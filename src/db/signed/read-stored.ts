import { hash } from 'node:crypto';
import { type Selectable, type SqlBool, sql } from 'kysely';
import { auditDetailsIn, type ChainHead } from '../../kernel/audit-chain.ts';

import { KeywardError } from '../../kernel/errors.ts';
import { registryMarkIn, type UnsignedMark, unsignedMarksIn } from '../../kernel/record-gap.ts';
import { auditEvents, type EventRow } from '../event-source.ts';
import { inSteps } from '../fill-page.ts';
import type { Schema, Trx } from '../schema.ts';
import { witnessed } from '../unwitnessed.ts';
import {
  type Columns,
  isRegistryTable,
  type placeOf,
  primaryKeyIn,
  primaryKeyOf,
  REGISTRY_TABLE_NAMES,
  type RegistryTable,
  type RowOf,
  rowId,
  rowKey,
} from './tables.ts';

/** What a witnessed audit event tells of a row that was restricted without a signature. */
interface RecordedRestriction extends UnsignedMark {
  readonly sequence: number;
}

/** Read first; further steps are larger. */
const FIRST_EVENTS = 50;
/** A signed change takes in all that waited when it was prepared, so nothing told before the last but one waits. */
const SIGNED_CHANGES = 2;

/** The newest first, as far back as rows may still wait for their signature. */
export async function readRestrictions(trx: Trx): Promise<readonly RecordedRestriction[]> {
  const told: RecordedRestriction[] = [];
  const signed = new Set<number>();
  const newest = inSteps<EventRow>(
    (last, most) =>
      auditEvents(trx, { before: last?.sequence }).orderBy('sequence', 'desc').limit(most).execute(),
    FIRST_EVENTS,
  );
  for await (const events of newest) {
    for (const { sequence, details_json } of await witnessed(trx, events)) {
      const details = auditDetailsIn(details_json);
      for (const mark of unsignedMarksIn(details)) told.push({ ...mark, sequence });
      const change = registryMarkIn(details);
      if (change) signed.add(change.version);
      if (signed.size === SIGNED_CHANGES) return told;
    }
  }
  return told;
}

/** The content that each row was restricted to last, as `UnsignedMark` has it. */
export class LastRestrictions {
  readonly #contents = new Map<string, string>();

  /** What was taken over with an accepted gap happened to newer rows than the database has; it is done again. */
  constructor(told: readonly RecordedRestriction[], gaps: readonly RowOf<'record_gaps'>[] = []) {
    for (const { sequence, row, version, content_sha256 } of told.toReversed()) {
      const isLost = gaps.some(
        ({ first_event, last_event }) => first_event <= sequence && sequence <= last_event,
      );
      if (!isLost) this.#contents.set(nameOf(row, version), content_sha256);
    }
  }

  /** Undefined for a row that was not restricted since that version of it was signed. */
  contentOf(row: string, version: number): string | undefined {
    return this.#contents.get(nameOf(row, version));
  }
}

function nameOf(row: string, version: number): string {
  return `${version} ${row}`;
}

interface StoredRow {
  readonly table: RegistryTable;
  readonly id: string;
  readonly row: Columns;
}

export type StoredHead = Pick<Selectable<Schema['registry_head']>, 'version' | 'signature'>;

/** The registry as the database has it, believed in nothing yet. */
export interface StoredRegistry {
  readonly rows: ReadonlyMap<string, StoredRow>;
  readonly marks: ReadonlyMap<string, Selectable<Schema['registry_rows']>>;
  readonly lists: ReadonlyMap<number, string>;
  readonly head: StoredHead | undefined;
  /** What the audit trail tells of rows that were restricted without a signature. */
  readonly told: readonly RecordedRestriction[];
}

/** All of one moment: within one transaction. */
export async function readStored(trx: Trx): Promise<StoredRegistry> {
  const rows = new Map<string, StoredRow>();
  for (const table of REGISTRY_TABLE_NAMES) {
    for (const row of await readTable(trx, table)) {
      const id = rowId(table, row);
      rows.set(rowKey(table, id), { table, id, row });
    }
  }
  const marks = await trx.selectFrom('registry_rows').selectAll().execute();
  const lists = await trx.selectFrom('registry_buckets').selectAll().execute();
  return {
    rows,
    marks: byKey(marks),
    lists: new Map(lists.map(({ bucket, rows_json }) => [bucket, rows_json])),
    head: await readHead(trx),
    told: await readRestrictions(trx),
  };
}

/** Rows read at once by their keys: engines bound how long a condition is. */
const ROWS_AT_A_TIME = 100;

type Place = ReturnType<typeof placeOf>;

/** The lists of these numbers. */
export async function readLists(trx: Trx, numbers: readonly number[]): Promise<StoredRegistry['lists']> {
  if (numbers.length === 0) return new Map();
  const lists = await trx.selectFrom('registry_buckets').selectAll().where('bucket', 'in', numbers).execute();
  return new Map(lists.map(({ bucket, rows_json }) => [bucket, rows_json]));
}

/** The marks of rows that wait for their signature. */
export async function readPendingMarks(trx: Trx): Promise<StoredRegistry['marks']> {
  return byKey(await trx.selectFrom('registry_rows').selectAll().where('pending', 'is not', null).execute());
}

export async function readMarksOf(trx: Trx, places: readonly Place[]): Promise<StoredRegistry['marks']> {
  const marks: Selectable<Schema['registry_rows']>[] = [];
  for (const [table, ids] of inParts(places)) {
    const some = trx.selectFrom('registry_rows').selectAll().where('table_name', '=', table);
    marks.push(...(await some.where('row_id', 'in', ids).execute()));
  }
  return byKey(marks);
}

/** Of tables that are of the registry. */
export async function readRowsOf(trx: Trx, places: readonly Place[]): Promise<StoredRegistry['rows']> {
  const found = new Map<string, StoredRow>();
  for (const [table, ids] of inParts(places)) {
    if (!isRegistryTable(table)) continue;
    const those = sql.join(
      ids.map((id) => sql`(${isRow(table, primaryKeyIn(table, id))})`),
      sql` or `,
    );
    const { rows } = await sql<Columns>`select * from ${sql.table(table)} where ${those}`.execute(trx);
    for (const row of rows) {
      const id = rowId(table, row);
      found.set(rowKey(table, id), { table, id, row });
    }
  }
  return found;
}

function* inParts(places: readonly Place[]): Generator<[table: string, ids: readonly string[]]> {
  for (const [table, those] of Map.groupBy(places, (place) => place.table)) {
    const ids = those.map(({ id }) => id);
    for (let at = 0; at < ids.length; at += ROWS_AT_A_TIME) yield [table, ids.slice(at, at + ROWS_AT_A_TIME)];
  }
}

function byKey(marks: readonly Selectable<Schema['registry_rows']>[]): StoredRegistry['marks'] {
  return new Map(marks.map((mark) => [rowKey(mark.table_name, mark.row_id), mark]));
}

/** `key`: columns of the row, those of its primary key among them. */
export function isRow(table: RegistryTable, key: Columns) {
  const parts = primaryKeyOf(table).map((column) => sql<SqlBool>`${sql.ref(column)} = ${key[column]}`);
  return sql.join(parts, sql` and `);
}

/** `registry_refused` where there is more than the one. */
export async function readHead(trx: Trx): Promise<StoredHead | undefined> {
  const [head, ...others] = await trx.selectFrom('registry_head').selectAll().limit(2).execute();
  if (!head) return undefined;
  if (others.length > 0 || head.id !== 1) throw otherHead();
  return { version: head.version, signature: head.signature };
}

function otherHead(): KeywardError {
  return new KeywardError(
    'registry_refused',
    'The registry has another head than its own; restore the database.',
  );
}

export async function readTable(trx: Trx, table: RegistryTable): Promise<readonly Columns[]> {
  const { rows } = await sql<Columns>`select * from ${sql.table(table)}`.execute(trx);
  return rows;
}

/** For a checkpoint: the number of the last signed change, and SHA-256 of the signed head. */
export async function registryHead(trx: Trx): Promise<ChainHead> {
  const head = await readHead(trx);
  if (!head) return { sequence: 0, hash: new Uint8Array(32) };
  return { sequence: head.version, hash: hash('sha256', head.signature, 'buffer') };
}
