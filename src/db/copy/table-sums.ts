import { type RawBuilder, sql } from 'kysely';
import type { Trx } from '../schema.ts';
import { isOnPage, numberOf, PAGE_ROWS } from './row-pages.ts';
import { TABLE_KEYS, type TableName } from './table-keys.ts';

/** What one engine brings to a copy. */
export interface CopyDialect {
  /** First of all within a transaction that lasts as long as a copy. */
  begin(trx: Trx): Promise<void>;
  /** Once all rows are there. */
  end(trx: Trx): Promise<void>;
  /** A value as SQLite's `quote` writes it. */
  quote(column: RawBuilder<unknown>): RawBuilder<string>;
  /** SHA-256 of a text in hexadecimal digits, where the engine has it; else the text as it is. */
  sha256(text: RawBuilder<string>): RawBuilder<string>;
  /** Makes the digest, in hexadecimal digits, of what `sha256` answered. */
  readSha256(answered: string): string;
}

/** What rows hold. Of the same rows it is the same, whatever the engine. */
export interface RowSum {
  readonly rows: number;
  /** SHA-256 of all values in the order of the primary key, hexadecimal; empty where there is no row. */
  readonly sha256: string;
}

export interface PageSum extends RowSum {
  /** The next page with a row; undefined behind the last. */
  readonly next: number | undefined;
}

/** One side of a copy, within one transaction. */
export interface Side {
  readonly trx: Trx;
  readonly dialect: CopyDialect;
}

interface Found {
  readonly rows: number;
  readonly text: string | null;
  readonly next?: number | null;
}

/**
 * Of a whole table. The database itself joins the values to one text: to bring the rows to this process and join them
 * here takes four times as long.
 */
export async function tableSum(
  { trx, dialect }: Side,
  table: TableName,
  columns: readonly string[],
): Promise<RowSum> {
  const found = await sql<Found>`SELECT ${joined(dialect, table, columns)} FROM ${sql.table(table)}`.execute(
    trx,
  );
  return readSum(dialect, found.rows[0]);
}

/** The first page with a row; undefined where there is none. */
export async function firstPage({ trx }: Side, table: TableName): Promise<number | undefined> {
  const first = sql<{
    first: number | null;
  }>`SELECT min(${numberOf(table)}) AS first FROM ${sql.table(table)}`;
  const { rows } = await first.execute(trx);
  return pageOf(rows[0]?.first);
}

/** Of one page of a table whose rows have numbers. */
export async function pageSum(
  { trx, dialect }: Side,
  table: TableName,
  columns: readonly string[],
  page: number,
): Promise<PageSum> {
  const [of, number] = [sql.table(table), numberOf(table)];
  const { rows } = await sql<Found>`SELECT ${joined(dialect, table, columns)},
    (SELECT min(${number}) FROM ${of} WHERE ${number} >= ${(page + 1) * PAGE_ROWS}) AS next
    FROM ${of} WHERE ${isOnPage(table, page)}`.execute(trx);
  return { ...readSum(dialect, rows[0]), next: pageOf(rows[0]?.next) };
}

function pageOf(number: number | null | undefined): number | undefined {
  return typeof number === 'number' ? Math.floor(number / PAGE_ROWS) : undefined;
}

/** Texts are in quotes: no two pages are the same text. */
function joined(dialect: CopyDialect, table: TableName, columns: readonly string[]) {
  const row = sql.join(
    columns.map((column) => dialect.quote(sql.ref(column))),
    sql` || ',' || `,
  );
  const key = sql.join(TABLE_KEYS[table].map((name) => sql.ref(name)));
  const text = sql<string>`string_agg(${row}, ';' ORDER BY ${key})`;
  return sql`count(*) AS rows, ${dialect.sha256(text)} AS text`;
}

function readSum(dialect: CopyDialect, found: Found | undefined): RowSum {
  const { rows = 0, text = null } = found ?? {};
  return { rows, sha256: text === null ? '' : dialect.readSha256(text) };
}
