import { type Selectable, sql, type Transaction } from 'kysely';
import { KeywardError } from '../../kernel/errors.ts';
import type { Schema } from '../schema.ts';
import { type Columns, REGISTRY_TABLE_NAMES, type RegistryTable, rowId, rowKey } from './tables.ts';
import { readTold, type ToldRestriction } from './told-restrictions.ts';

type Trx = Transaction<Schema>;

export interface StoredRow {
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
  readonly told: readonly ToldRestriction[];
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
    marks: new Map(marks.map((mark) => [rowKey(mark.table_name, mark.row_id), mark])),
    lists: new Map(lists.map(({ bucket, rows_json }) => [bucket, rows_json])),
    head: await readHead(trx),
    told: await readTold(trx),
  };
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
