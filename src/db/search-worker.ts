import type { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';
import { TrustedRuns } from '../kernel/runs.ts';
import { LedgerStretches } from './ledger-ranges.ts';
import { brokenAmong, type RecordColumns } from './ledger-row.ts';
import { ReadConnection } from './read-connection.ts';
import { SealedGroups } from './sealed-groups.ts';
import type { SearchCalls, SearchPage, SearchSettings } from './search-protocol.ts';
import { serveCalls } from './serve-calls.ts';

/** Records looked at for one page: it bounds how long a page takes. */
const WINDOW = 50_000;
/** By how much the time of a commit may lie from the `iat` of its records. */
const CLOCK_SLACK_SECONDS = 86_400;

const settings = workerData as SearchSettings;
const connection = new ReadConnection(settings.file, settings.identity);
const ledger = new LedgerStretches(settings);
const groups = new SealedGroups(new TrustedRuns(settings.runs), settings.statements);

serveCalls<SearchCalls>(
  { page: (asks) => connection.read((db) => page(db, asks)), close: () => void connection.close() },
  (error) => connection.recover(error),
);

function page(db: DatabaseSync, { search, after, limit }: SearchCalls['page']['asks']): SearchPage {
  const { from, to } = search;
  const first = from === null ? 1 : ledger.firstSince(db, from - CLOCK_SLACK_SECONDS);
  const last = ledger.lastUntil(db, to === null ? null : to + CLOCK_SLACK_SECONDS);
  const rest = ledger.between(db, Math.max(first, after + 1), last);
  const stretch = rest[0];
  if (!stretch) return { rows: [], broken: new Map(), archived: false, next: null };
  const archived = stretch.archive !== null;
  const until = Math.min(stretch.last, stretch.first + WINDOW - 1);
  const values = [stretch.first - 1, until, ...search.filters, limit];
  const { rows, broken } = ledger.within(db, stretch, (source) => {
    const all = source.prepare(search.sql).all(...values) as unknown as RecordColumns[];
    return { rows: all, broken: brokenAmong(all, (row) => groups.flawOf(source, row, archived)) };
  });
  const reached = rows.length === limit ? (rows.at(-1)?.sequence ?? until) : until;
  const end = rest.length === 1 && reached === stretch.last;
  return { rows, broken, archived, next: end ? null : reached };
}
