import { join } from 'node:path';
import type { RunPublicKey, TrustedRuns } from '../kernel/audit-chain.ts';
import { SharedEnd } from './chain-end.ts';
import { type Rows, statement } from './rows.ts';
import { readSegment } from './segment-rows.ts';
import { ToldArchives } from './told-archives.ts';

/** What it takes to find records wherever they lie. */
export interface LedgerSource {
  /** Where the segments of `ledger_archives` lie. */
  readonly archiveDir: string;
  /** Whose seals count; read when the thread starts. */
  readonly runs: readonly RunPublicKey[];
  /** `SharedEnd`: searches and counts read nothing beyond it. */
  readonly end: SharedArrayBuffer;
}

/** A stretch of the ledger that lies in one file; the database itself holds what is in no archive. */
export interface LedgerRange {
  readonly first: number;
  readonly last: number;
  readonly archive: string | null;
}

interface FoundRecord {
  readonly record: number | null;
}

const LAST_RECORD = 'first_record + row_count - 1';

/** The last parameter of each is the last group to look at. */
const LAST = statement<FoundRecord>(
  `SELECT ${LAST_RECORD} AS record FROM ledger_groups WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1`,
);
const FIRST_SINCE = statement<FoundRecord>(
  'SELECT min(first_record) AS record FROM ledger_groups WHERE committed_at >= ? AND sequence <= ?',
);
const LAST_UNTIL = statement<FoundRecord>(
  `SELECT max(${LAST_RECORD}) AS record FROM ledger_groups WHERE committed_at <= ? AND sequence <= ?`,
);

/** The whole ledger in the order of its records, wherever they lie. */
export class LedgerRanges {
  readonly #archiveDir: string;
  readonly #archives: ToldArchives;
  readonly #end: SharedEnd;

  /** `runs`: whose seals count of what the audit trail tells of segments. */
  constructor({ archiveDir, end }: Omit<LedgerSource, 'runs'>, runs: Pick<TrustedRuns, 'haveSealed'>) {
    this.#archiveDir = archiveDir;
    this.#archives = new ToldArchives(archiveDir, runs);
    this.#end = new SharedEnd(end);
  }

  /** What of it lies between two sequences, both included. */
  async between(rows: Rows, first: number, last: number): Promise<readonly LedgerRange[]> {
    return (await this.#all(rows))
      .map((range) => ({
        ...range,
        first: Math.max(range.first, first),
        last: Math.min(range.last, last),
      }))
      .filter((range) => range.first <= range.last);
  }

  /** The first record committed at that time or later. */
  async firstSince(rows: Rows, time: number): Promise<number> {
    const found = await rows.first(FIRST_SINCE, time, this.#end.group);
    return found?.record ?? Number.MAX_SAFE_INTEGER;
  }

  /** The last record committed at that time or before; of all, where there is none. */
  async lastUntil(rows: Rows, time: number | null): Promise<number> {
    const end = this.#end.group;
    const found = await (time === null ? rows.first(LAST, end) : rows.first(LAST_UNTIL, time, end));
    return found?.record ?? 0;
  }

  /** Hands on the rows of the database, or those of the segment that the range lies in. */
  async within<T>(rows: Rows, { archive }: LedgerRange, read: (part: Rows) => Promise<T>): Promise<T> {
    if (archive === null) return await read(rows);
    return await readSegment(join(this.#archiveDir, archive), read);
  }

  async #all(rows: Rows): Promise<readonly LedgerRange[]> {
    const archives = await this.#archives.read(rows);
    const end = await this.lastUntil(rows, null);
    const kept = archives.filter(({ isRemoved }) => !isRemoved);
    return [
      ...kept.map(({ file: archive, firstRecord: first, lastRecord }) => ({
        first,
        last: Math.min(lastRecord, end),
        archive,
      })),
      { first: (archives.at(-1)?.lastRecord ?? 0) + 1, last: end, archive: null },
    ];
  }
}
