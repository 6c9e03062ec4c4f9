import { CompiledQuery, sql } from 'kysely';
import { KeywardError } from '../../kernel/errors.ts';
import { unfit } from '../migrate.ts';
import type { Schema, Trx, TrxReader, TrxWriter } from '../schema.ts';
import type { TableName } from './table-keys.ts';
import { differenceOf, type OnRows, type Row, type TableSum, walkTables } from './walk-tables.ts';

/** What one engine needs around a transaction that lasts as long as a copy. */
export interface CopyTurns {
  /** First of all within it. */
  begin(trx: Trx): Promise<void>;
  /** Once all rows are there. */
  end(trx: Trx): Promise<void>;
}

export interface CopySource {
  readonly reader: TrxReader;
  readonly turns: CopyTurns;
}

export interface CopyTarget {
  readonly writer: TrxWriter;
  readonly turns: CopyTurns;
  /** Whether all is one transaction; otherwise each page is one, of a file that nobody uses before it is whole. */
  readonly isAtOnce: boolean;
}

export interface CopyOptions {
  /** `verifying` while the copy is read back. */
  readonly onRows: (doing: 'copying' | 'verifying', ...rows: Parameters<OnRows>) => void;
  /** Done once the copy was found equal, before it is there for others. */
  readonly finish?: (trx: Trx) => Promise<void>;
}

/**
 * Copies every row, as the source has them at one moment, into tables of this version that are empty, and reads them
 * back. `invalid_config` for a source of another version; `store_unavailable`; `internal` where the copy is not the same.
 */
export async function copyStore(
  source: CopySource,
  target: CopyTarget,
  { onRows, finish = async () => {} }: CopyOptions,
): Promise<readonly TableSum[]> {
  const reading: OnRows = (...rows) => onRows('copying', ...rows);
  const insert = pageInserter();
  const copied = (into: TrxWriter) =>
    source.reader.read(async (from) => {
      await source.turns.begin(from);
      await into.transaction((trx) => requireVersion(from, trx));
      return await walkTables(from, reading, (table, rows) =>
        into.transaction((trx) => insert(trx, table, rows)),
      );
    });
  const settled = async (trx: Trx, sums: readonly TableSum[]) => {
    await target.turns.end(trx);
    await requireSame(trx, sums, (...rows) => onRows('verifying', ...rows));
    await finish(trx);
    return sums;
  };
  if (!target.isAtOnce) {
    const sums = await copied(target.writer);
    return await target.writer.transaction((trx) => settled(trx, sums));
  }
  return await target.writer.transaction(async (trx) => {
    await target.turns.begin(trx);
    return await settled(trx, await copied({ transaction: (work) => work(trx) }));
  });
}

/** The text for a number of rows of a table is made once: to build it anew takes longer than to insert the rows. */
function pageInserter(): (trx: Trx, table: TableName, rows: readonly Row[]) => Promise<void> {
  const texts = new Map<string, string>();
  return async (trx, table, rows) => {
    const of = `${table} ${rows.length}`;
    const text = texts.get(of) ?? insertText(trx, table, rows);
    texts.set(of, text);
    await trx.executeQuery(CompiledQuery.raw(text, rows.flatMap(Object.values)));
  };
}

function insertText(trx: Trx, table: TableName, rows: readonly Row[]): string {
  const values = rows as unknown as Schema['clients'][];
  return trx
    .insertInto(table as 'clients')
    .values(values)
    .compile().sql;
}

async function requireSame(trx: Trx, sums: readonly TableSum[], onRows: OnRows): Promise<void> {
  const difference = differenceOf(sums, await walkTables(trx, onRows, async () => {}));
  if (difference === undefined) return;
  throw new KeywardError('internal', 'The copy is not the same as its source.', {
    cause: new Error(difference),
  });
}

/** A source that is only read is not brought up to date. */
async function requireVersion(from: Trx, to: Trx): Promise<void> {
  const [found, own] = [await migrationsIn(from), await migrationsIn(to)];
  if (found === own) return;
  throw unfit();
}

async function migrationsIn(trx: Trx): Promise<string> {
  const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration ORDER BY name`.execute(trx);
  return rows.map(({ name }) => name).join();
}
