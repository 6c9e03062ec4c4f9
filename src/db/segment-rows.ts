import { DatabaseSync } from 'node:sqlite';
import type { GroupColumns, RecordColumns } from './ledger-row.ts';
import type { Rows } from './rows.ts';
import { openReadOnly } from './sqlite/database-file.ts';
import { sqliteFailure } from './sqlite/failure.ts';
import { SqliteRows } from './sqlite/sqlite-rows.ts';

/** The columns stand as they do in the database. */
const TABLES = `
  CREATE TABLE issuance_records (sequence INTEGER PRIMARY KEY NOT NULL, digest BLOB NOT NULL, scope_id TEXT NOT NULL,
    kid TEXT NOT NULL, jti TEXT NOT NULL, client_id TEXT NOT NULL, subject TEXT, root TEXT, trace_id BLOB,
    iat INTEGER NOT NULL, exp INTEGER NOT NULL, salt BLOB, subject_commitment BLOB, root_commitment BLOB,
    group_sequence INTEGER NOT NULL) STRICT;
  CREATE TABLE ledger_groups (sequence INTEGER PRIMARY KEY NOT NULL, first_record INTEGER NOT NULL,
    row_count INTEGER NOT NULL, committed_at INTEGER NOT NULL, previous_hash BLOB NOT NULL,
    group_hash BLOB NOT NULL, run_id TEXT, seal BLOB) STRICT;`;

/** By name: an engine may have them in another order. */
const RECORD_COLUMNS = [
  'sequence',
  'digest',
  'scope_id',
  'kid',
  'jti',
  'client_id',
  'subject',
  'root',
  'trace_id',
  'iat',
  'exp',
  'salt',
  'subject_commitment',
  'root_commitment',
  'group_sequence',
] as const satisfies readonly (keyof RecordColumns)[];
const GROUP_COLUMNS = [
  'sequence',
  'first_record',
  'row_count',
  'committed_at',
  'previous_hash',
  'group_hash',
  'run_id',
  'seal',
] as const satisfies readonly (keyof GroupColumns)[];

/** Puts a group with all its rows into a segment. */
export type AddGroup = (group: GroupColumns, rows: readonly RecordColumns[]) => void;

/** Reads a segment: on every engine it is a file of SQLite. `StoreFailure` where it cannot be read. */
export async function readSegment<T>(path: string, read: (rows: Rows) => Promise<T>): Promise<T> {
  let segment: DatabaseSync | undefined;
  try {
    segment = openReadOnly(path);
    return await read(new SqliteRows(segment));
  } catch (error) {
    throw sqliteFailure(error);
  } finally {
    segment?.close();
  }
}

/** Makes an unsealed segment at that path and answers whether `fill` filled it. */
export async function fillSegment(path: string, fill: (add: AddGroup) => Promise<boolean>): Promise<boolean> {
  // What a crash leaves of it is thrown away, so it needs neither journal nor syncs of its own.
  const segment = new DatabaseSync(path);
  try {
    segment.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; ${TABLES}`);
    segment.exec('BEGIN');
    const filled = await fill(adding(segment));
    segment.exec('COMMIT');
    return filled;
  } finally {
    segment.close();
  }
}

function adding(segment: DatabaseSync): AddGroup {
  const insertRecord = segment.prepare(insertInto('issuance_records', RECORD_COLUMNS));
  const insertGroup = segment.prepare(insertInto('ledger_groups', GROUP_COLUMNS));
  return (group, rows) => {
    for (const row of rows) insertRecord.run(...RECORD_COLUMNS.map((column) => row[column]));
    insertGroup.run(...GROUP_COLUMNS.map((column) => group[column]));
  };
}

function insertInto(table: string, columns: readonly string[]): string {
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
}
