import { sql } from 'kysely';
import { unfit } from '../migrations/index.ts';
import type { Trx, TrxReader, TrxWriter } from '../schema.ts';
import { type CopySides, type OnRows, TableCopier, type TableSum } from './copy-table.ts';
import { MARKED_TABLE, markInitialCopy } from './initial-copy.ts';
import { ReplacedPages } from './replaced-pages.ts';
import { NUMBERED, TABLES, type TableName } from './table-keys.ts';
import type { CopyDialect, Side } from './table-sums.ts';

export interface CopySource {
  readonly reader: TrxReader;
  readonly dialect: CopyDialect;
}

export interface CopyTarget {
  readonly writer: TrxWriter;
  readonly dialect: CopyDialect;
  /** Whether one transaction can hold all; otherwise each page is one, of a file that nobody uses before it is whole. */
  readonly isAtOnce: boolean;
}

export interface CopyOptions {
  readonly onRows: OnRows;
  /** Leaves the target incomplete, and marked as that: each page stays, whatever becomes of the rest. */
  readonly isInitial?: boolean;
  /** Done once the copy was found equal, before it is there for others. */
  readonly finish?: (trx: Trx, replaced: ReplacedPages) => Promise<void>;
}

export interface Copied {
  readonly tables: readonly TableSum[];
  readonly replaced: ReplacedPages;
}

/**
 * Makes the target what the source is at one moment: rows that are the same on both sides stay, and whatever else the
 * target holds goes. Both have the tables of this version. `invalid_config` for a source of another version;
 * `store_unavailable`; `internal` where the copy does not become the same.
 */
export async function copyStore(
  source: CopySource,
  target: CopyTarget,
  options: CopyOptions,
): Promise<Copied> {
  const { writer, dialect } = target;
  return await source.reader.read(async (trx) => {
    await source.dialect.begin(trx);
    const from = { trx, dialect: source.dialect };
    if (target.isAtOnce && !options.isInitial) {
      return await writer.transaction(async (into) => {
        await dialect.begin(into);
        return await copyInto({ writer: within(into), dialect }, from, options);
      });
    }
    await writer.transaction((into) => markInitialCopy(into, { verified: 0 }));
    return await copyInto({ writer, dialect }, from, options);
  });
}

async function copyInto(
  target: CopySides['target'],
  source: Side,
  { onRows, isInitial = false, finish = async () => {} }: CopyOptions,
): Promise<Copied> {
  const { writer, dialect } = target;
  const replaced = new ReplacedPages();
  const sides = { source, target, onRows, replaced };
  await writer.transaction((trx) => requireVersion(source.trx, trx));
  // Those that refer to others first.
  for (const table of WHOLE.toReversed()) await writer.transaction((trx) => empty(trx, table));
  const copier = new TableCopier(sides);
  const tables: TableSum[] = [];
  for (const table of TABLES) if (table !== MARKED_TABLE) tables.push(await copier.copy(table));
  await writer.transaction(async (trx) => {
    await dialect.end(trx);
    if (isInitial) return;
    await empty(trx, MARKED_TABLE);
    const last = new TableCopier({ ...sides, target: { writer: within(trx), dialect } });
    tables.push(await last.copy(MARKED_TABLE));
    await finish(trx, replaced);
  });
  return { tables, replaced };
}

const WHOLE = TABLES.filter((table) => !NUMBERED.has(table) && table !== MARKED_TABLE);

async function empty(trx: Trx, table: TableName): Promise<void> {
  await trx.deleteFrom(table).execute();
}

/** Each transaction is part of that one. */
function within(trx: Trx): TrxWriter {
  return { transaction: (work) => work(trx) };
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
