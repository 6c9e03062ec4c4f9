import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';
import type { RecordColumns } from './ledger-row.ts';
import { ReadConnection } from './read-connection.ts';
import type { SearchCalls, SearchPage, SearchSettings } from './search-protocol.ts';
import { serveCalls } from './serve-calls.ts';
import { Statements } from './statements.ts';

/** Records looked at for one page: it bounds how long a page takes. */
const WINDOW = 50_000;
/** By how much the time of a commit may lie from the `iat` of its records. */
const CLOCK_SLACK_SECONDS = 86_400;

/** A stretch of the ledger that lies in one file; the database itself holds what is in no archive. */
interface Stretch {
  readonly first: number;
  readonly last: number;
  readonly archive: string | null;
}

const { file, identity, archiveDir, statements } = workerData as SearchSettings;
const connection = new ReadConnection(file, identity);
const prepared = new Statements(statements);

serveCalls<SearchCalls>(
  { page: (asks) => connection.read((db) => page(db, asks)), close: () => void connection.close() },
  (error) => connection.recover(error),
);

function page(db: DatabaseSync, { search, after, limit }: SearchCalls['page']['asks']): SearchPage {
  const { from, to } = search;
  const bounds = { first: firstSince(db, from), last: lastUntil(db, to) };
  const rest = stretches(db)
    .map((stretch) => ({
      ...stretch,
      first: Math.max(stretch.first, after + 1, bounds.first),
      last: Math.min(stretch.last, bounds.last),
    }))
    .filter(({ first, last }) => first <= last);
  const stretch = rest[0];
  if (!stretch) return { rows: [], archived: false, next: null };
  const until = Math.min(stretch.last, stretch.first + WINDOW - 1);
  const values = [stretch.first - 1, until, ...search.filters, limit];
  const rows = within(db, stretch, (source) =>
    source.prepare(search.sql).all(...values),
  ) as unknown as RecordColumns[];
  const reached = rows.length === limit ? (rows.at(-1)?.sequence ?? until) : until;
  const end = rest.length === 1 && reached === stretch.last;
  return { rows, archived: stretch.archive !== null, next: end ? null : reached };
}

function stretches(db: DatabaseSync): Stretch[] {
  const archives = prepared.of(db).archives.all() as unknown as {
    file: string;
    first_record: number;
    last_record: number;
    removed_at: number | null;
  }[];
  const kept = archives.filter(({ removed_at }) => removed_at === null);
  return [
    ...kept.map(({ file: archive, first_record: first, last_record: last }) => ({ first, last, archive })),
    { first: (archives.at(-1)?.last_record ?? 0) + 1, last: lastUntil(db, null), archive: null },
  ];
}

function firstSince(db: DatabaseSync, time: number | null): number {
  if (time === null) return 1;
  const found = recordOf(prepared.of(db).firstRecordSince.get(time - CLOCK_SLACK_SECONDS));
  return found ?? Number.MAX_SAFE_INTEGER;
}

function lastUntil(db: DatabaseSync, time: number | null): number {
  const { lastGroup, lastRecordUntil } = prepared.of(db);
  const found = time === null ? lastGroup.get() : lastRecordUntil.get(time + CLOCK_SLACK_SECONDS);
  return recordOf(found) ?? 0;
}

function recordOf(row: unknown): number | null {
  return (row as { record: number | null } | undefined)?.record ?? null;
}

function within<T>(db: DatabaseSync, { archive }: Stretch, read: (source: DatabaseSync) => T): T {
  if (archive === null) return read(db);
  const segment = new DatabaseSync(join(archiveDir, archive), { readOnly: true });
  try {
    return read(segment);
  } finally {
    segment.close();
  }
}
