import { createHash } from 'node:crypto';
import { CompiledQuery, sql } from 'kysely';
import { KeywardError } from '../../kernel/errors.ts';
import type { Schema, Trx, TrxWriter } from '../schema.ts';
import type { ReplacedPages } from './replaced-pages.ts';
import { columnsOf, isOnPage, pagesOf, type Row, rowsOf } from './row-pages.ts';
import { NUMBERED, type TableName } from './table-keys.ts';
import { type CopyDialect, firstPage, pageSum, type RowSum, type Side, tableSum } from './table-sums.ts';

/** What a table holds, on both sides. */
export interface TableSum extends RowSum {
  readonly table: TableName;
  /** Rows that were written: those on pages that differed, or all of a table that has no numbers. */
  readonly copied: number;
}

/** Told before each page how many rows of the table were compared, or copied, so far. */
export type OnRows = (doing: 'comparing' | 'copying', table: TableName, rows: number) => void;

export interface CopySides {
  readonly source: Side;
  readonly target: { readonly writer: TrxWriter; readonly dialect: CopyDialect };
  readonly onRows: OnRows;
  readonly replaced: ReplacedPages;
}

interface Different {
  readonly page: number;
  readonly here: RowSum;
  readonly there: RowSum;
}

/** Of one table, what is told of it. */
type Copied = Omit<TableSum, 'table'>;

const NOTHING: Copied = { rows: 0, sha256: '', copied: 0 };

/**
 * Makes tables of the target what they are in the source. What was written is compared as well: in the end each row was
 * found equal, whoever put it there.
 */
export class TableCopier {
  readonly #sides: CopySides;
  /** The text for a number of rows of a table is made once: to build it anew takes longer than to insert the rows. */
  readonly #inserts = new Map<string, string>();

  constructor(sides: CopySides) {
    this.#sides = sides;
  }

  /** A table without numbers has to be empty in the target. `internal` where it does not become equal. */
  async copy(table: TableName): Promise<TableSum> {
    const columns = await this.#columns(table);
    if (!columns) return { table, ...NOTHING };
    const copied = NUMBERED.has(table) ? this.#byPages(table, columns) : this.#whole(table, columns);
    return { table, ...(await copied) };
  }

  async #columns(table: TableName): Promise<readonly string[] | undefined> {
    const { source, target } = this.#sides;
    const here = await columnsOf(source.trx, table);
    return here ?? (await target.writer.transaction((trx) => columnsOf(trx, table)));
  }

  async #whole(table: TableName, columns: readonly string[]): Promise<Copied> {
    const copied = await this.#insertAll(table, pagesOf(this.#sides.source.trx, table), 0);
    const [here, there] = await this.#both((side) => tableSum(side, table, columns));
    requireSame(table, here, there);
    return { ...here, copied };
  }

  async #byPages(table: TableName, columns: readonly string[]): Promise<Copied> {
    const { different, ...sum } = await this.#compare(table, columns);
    // Before the first row comes: what is unique may stand elsewhere until then.
    for (const each of different) await this.#removePage(table, each);
    let copied = 0;
    for (const { page, here } of different) {
      copied = await this.#insertAll(table, rowsOf(this.#sides.source.trx, table, page), copied);
      const [, there] = await this.#sums(table, columns, page);
      requireSame(table, here, there);
    }
    return { ...sum, copied };
  }

  async #compare(table: TableName, columns: readonly string[]) {
    const hash = createHash('sha256');
    const different: Different[] = [];
    let rows = 0;
    let page = least(...(await this.#both((side) => firstPage(side, table))));
    while (page !== undefined) {
      this.#sides.onRows('comparing', table, rows);
      const [here, there] = await this.#sums(table, columns, page);
      if (here.sha256 !== there.sha256) different.push({ page, here, there });
      hash.update(here.sha256);
      rows += here.rows;
      page = least(here.next, there.next);
    }
    return { rows, sha256: hash.digest('hex'), different };
  }

  #sums(table: TableName, columns: readonly string[], page: number) {
    return this.#both((side) => pageSum(side, table, columns, page));
  }

  /** At once: each side has its own thread, or process. */
  async #both<T>(sum: (side: Side) => Promise<T>): Promise<readonly [here: T, there: T]> {
    const { source, target } = this.#sides;
    const there = target.writer.transaction((trx) => sum({ trx, dialect: target.dialect }));
    return await Promise.all([sum(source), there]);
  }

  async #removePage(table: TableName, { page, there }: Different): Promise<void> {
    const { target, replaced } = this.#sides;
    replaced.add(table, page);
    if (there.rows === 0) return;
    await target.writer.transaction((trx) =>
      sql`DELETE FROM ${sql.table(table)} WHERE ${isOnPage(table, page)}`.execute(trx),
    );
  }

  /** Answers how many rows were copied, those before included. */
  async #insertAll(table: TableName, pages: AsyncIterable<readonly Row[]>, before: number): Promise<number> {
    const { target, onRows } = this.#sides;
    let copied = before;
    for await (const page of pages) {
      onRows('copying', table, copied);
      await target.writer.transaction((trx) => this.#insert(trx, table, page));
      copied += page.length;
    }
    return copied;
  }

  async #insert(trx: Trx, table: TableName, rows: readonly Row[]): Promise<void> {
    const of = `${table} ${rows.length}`;
    const text = this.#inserts.get(of) ?? insertText(trx, table, rows);
    this.#inserts.set(of, text);
    await trx.executeQuery(CompiledQuery.raw(text, rows.flatMap(Object.values)));
  }
}

function insertText(trx: Trx, table: TableName, rows: readonly Row[]): string {
  const values = rows as unknown as Schema['clients'][];
  return trx
    .insertInto(table as 'clients')
    .values(values)
    .compile().sql;
}

function requireSame(table: TableName, here: RowSum, there: RowSum): void {
  if (here.sha256 === there.sha256) return;
  throw new KeywardError('internal', 'The copy is not the same as its source.', {
    cause: new Error(`${table} has ${here.rows} rows here and ${there.rows} there, or other values`),
  });
}

function least(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}
