import { type RawBuilder, sql } from 'kysely';
import type { Trx } from '../schema.ts';
import { TABLE_KEYS, TABLES, type TableName } from './table-keys.ts';

/** Rows a page. One statement inserts them: SQLite takes 32,766 values, and no table has more than 63 columns. */
export const PAGE_ROWS = 512;

export type Row = Readonly<Record<string, unknown>>;

/** The first table with a row. */
export async function firstFilled(trx: Trx): Promise<TableName | undefined> {
  for (const table of TABLES) if ((await readPage(trx, table, undefined, 1)).length > 0) return table;
  return undefined;
}

/** All rows in the order of the primary key, within one transaction. */
export async function* pagesOf(trx: Trx, table: TableName): AsyncGenerator<readonly Row[]> {
  let page = await readPage(trx, table, undefined);
  while (page.length > 0) {
    yield page;
    if (page.length < PAGE_ROWS) return;
    page = await readPage(trx, table, page.at(-1));
  }
}

/** Those of one page of a table whose rows have numbers; none where there are none. */
export async function* rowsOf(trx: Trx, table: TableName, page: number): AsyncGenerator<readonly Row[]> {
  const number = numberOf(table);
  const on = sql<Row>`SELECT * FROM ${sql.table(table)} WHERE ${isOnPage(table, page)} ORDER BY ${number}`;
  const { rows } = await on.execute(trx);
  if (rows.length > 0) yield rows;
}

/** The page of a row is its number by 512. */
export function isOnPage(table: TableName, page: number): RawBuilder<boolean> {
  const number = numberOf(table);
  return sql`${number} >= ${page * PAGE_ROWS} AND ${number} < ${(page + 1) * PAGE_ROWS}`;
}

export function numberOf(table: TableName): RawBuilder<number> {
  return sql.ref(TABLE_KEYS[table][0]);
}

/** The names of a table's columns, in an order that is the same everywhere; undefined where it has no row. */
export async function columnsOf(trx: Trx, table: TableName): Promise<readonly string[] | undefined> {
  const [row] = await readPage(trx, table, undefined, 1);
  return row && Object.keys(row).sort();
}

async function readPage(
  trx: Trx,
  table: TableName,
  last: Row | undefined,
  limit = PAGE_ROWS,
): Promise<readonly Row[]> {
  const names: readonly string[] = TABLE_KEYS[table];
  const key = sql.join(names.map((name) => sql.ref(name)));
  const behind = last && sql`WHERE (${key}) > (${sql.join(names.map((name) => last[name]))})`;
  // A limit that the planner does not know would have it sort the table for each page.
  const page = sql<Row>`SELECT * FROM ${sql.table(table)} ${behind ?? sql``} ORDER BY ${key} LIMIT ${sql.lit(limit)}`;
  return (await page.execute(trx)).rows;
}
