import { createHash, type Hash } from 'node:crypto';
import { sql } from 'kysely';
import type { Trx } from '../schema.ts';
import { TABLE_KEYS, TABLES, type TableName } from './table-keys.ts';

/** Rows a page. One statement inserts them: SQLite takes 32,766 values, and no table has more than 63 columns. */
export const PAGE_ROWS = 512;

export type Row = Readonly<Record<string, unknown>>;

/** What a table holds. Of the same rows it is the same, whatever the engine. */
export interface TableSum {
  readonly table: TableName;
  readonly rows: number;
  /** SHA-256 of all values in the order of the primary key, hexadecimal. */
  readonly sha256: string;
}

export type TakePage = (table: TableName, rows: readonly Row[]) => Promise<void>;
/** Told before each page how many rows of the table were read. */
export type OnRows = (table: TableName, rows: number) => void;

/** Reads every table within one transaction, page by page in the order of its primary key. */
export async function walkTables(trx: Trx, onRows: OnRows, take: TakePage): Promise<readonly TableSum[]> {
  const sums: TableSum[] = [];
  for (const table of TABLES) {
    const hash = createHash('sha256');
    let rows = 0;
    for await (const page of pagesOf(trx, table)) {
      onRows(table, rows);
      addPage(hash, page);
      await take(table, page);
      rows += page.length;
    }
    sums.push({ table, rows, sha256: hash.digest('hex') });
  }
  return sums;
}

/** Names the first table that is not the same in both, with its numbers of rows; undefined where all are. */
export function differenceOf(one: readonly TableSum[], other: readonly TableSum[]): string | undefined {
  const different = one.find(({ sha256 }, at) => sha256 !== other[at]?.sha256);
  if (!different) return undefined;
  const rows = other.find(({ table }) => table === different.table)?.rows ?? 0;
  return `${different.table} has ${different.rows} rows here and ${rows} there, or other values`;
}

/** The first table with a row. */
export async function firstFilled(trx: Trx): Promise<TableName | undefined> {
  for (const table of TABLES) if ((await readPage(trx, table, undefined, 1)).length > 0) return table;
  return undefined;
}

async function* pagesOf(trx: Trx, table: TableName): AsyncGenerator<readonly Row[]> {
  let page = await readPage(trx, table, undefined);
  while (page.length > 0) {
    yield page;
    if (page.length < PAGE_ROWS) return;
    page = await readPage(trx, table, page.at(-1));
  }
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

/** As JSON: no two pages have the same text. */
function addPage(hash: Hash, page: readonly Row[]): void {
  const names = Object.keys(page[0] ?? {}).sort();
  const rows = page.map((row) => names.map((name) => plain(row[name])));
  hash.update(JSON.stringify([names, rows]));
}

function plain(value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value;
  const { buffer, byteOffset, byteLength } = value;
  return { base64: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
}
