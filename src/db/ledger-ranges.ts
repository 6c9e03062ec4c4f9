import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { RunPublicKey } from '../kernel/audit-chain.ts';
import type { Shares } from '../kernel/issuance.ts';
import { archiveSubject } from '../kernel/ledger-search.ts';
import { compareText } from '../lib/text.ts';
import { SharedEnd } from './chain-end.ts';
import { EventSeals, IS_VOUCHED } from './event-seals.ts';
import type { LedgerConnection } from './open-ledger.ts';
import { type AuditedArchive, archiveIn, isSegmentFile } from './segment-file.ts';
import { openReadOnly } from './sqlite/database-file.ts';
import { Statements } from './sqlite/statements.ts';

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
interface LedgerRange {
  readonly first: number;
  readonly last: number;
  readonly archive: string | null;
}

const LAST_RECORD = 'first_record + row_count - 1';

/** Where groups are asked for, the last parameter is the last group to look at. */
const SQL = {
  /** Of one segment, those that something stands behind; needs the function of `EventSeals`. */
  archiveEvents: `SELECT type, details_json FROM audit_events WHERE subject = ? AND ${IS_VOUCHED}(sequence)
    ORDER BY sequence`,
  archiveListed: 'SELECT number FROM ledger_archives WHERE number = ? AND file = ?',
  lastRecord: `SELECT ${LAST_RECORD} AS record FROM ledger_groups WHERE sequence <= ?
    ORDER BY sequence DESC LIMIT 1`,
  firstRecordSince: `SELECT min(first_record) AS record FROM ledger_groups
    WHERE committed_at >= ? AND sequence <= ?`,
  lastRecordUntil: `SELECT max(${LAST_RECORD}) AS record FROM ledger_groups
    WHERE committed_at <= ? AND sequence <= ?`,
};

/** The whole ledger in the order of its records, wherever they lie. */
export class LedgerRanges {
  readonly #archiveDir: string;
  readonly #end: SharedEnd;
  readonly #prepared = new Statements(SQL);
  readonly #seals: EventSeals;
  readonly #bound = new WeakSet<DatabaseSync>();

  constructor({ archiveDir, end, runs }: LedgerSource) {
    this.#archiveDir = archiveDir;
    this.#seals = new EventSeals(runs, undefined, { isDirect: true });
    this.#end = new SharedEnd(end);
  }

  /** What of it lies between two sequences, both included. */
  between(db: DatabaseSync, first: number, last: number): readonly LedgerRange[] {
    return this.#all(db)
      .map((range) => ({
        ...range,
        first: Math.max(range.first, first),
        last: Math.min(range.last, last),
      }))
      .filter((range) => range.first <= range.last);
  }

  /** The first record committed at that time or later. */
  firstSince(db: DatabaseSync, time: number): number {
    const { firstRecordSince } = this.#statements(db);
    return recordOf(firstRecordSince.get(time, this.#end.group)) ?? Number.MAX_SAFE_INTEGER;
  }

  /** The last record committed at that time or before; of all, where there is none. */
  lastUntil(db: DatabaseSync, time: number | null): number {
    const { lastRecord, lastRecordUntil } = this.#statements(db);
    const end = this.#end.group;
    return recordOf(time === null ? lastRecord.get(end) : lastRecordUntil.get(time, end)) ?? 0;
  }

  within<T>(db: DatabaseSync, { archive }: LedgerRange, read: (source: DatabaseSync) => T): T {
    if (archive === null) return read(db);
    const segment = openReadOnly(join(this.#archiveDir, archive));
    try {
      return read(segment);
    } finally {
      segment.close();
    }
  }

  #all(db: DatabaseSync): readonly LedgerRange[] {
    const archives = this.#archives(db);
    const end = this.lastUntil(db, null);
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

  /** By sealed events alone. A segment that the database does not list, and that is not there, was lost with a restore. */
  #archives(db: DatabaseSync): readonly AuditedArchive[] {
    const { archiveEvents, archiveListed } = this.#statements(db);
    const archives: AuditedArchive[] = [];
    for (let number = 1; ; number += 1) {
      const told = archiveEvents.all(archiveSubject(number)) as { type: string; details_json: string }[];
      const events = told.map(({ type, details_json: detailsJson }) => ({ type, detailsJson }));
      const archive = archiveIn(number, events);
      if (!archive) return archives;
      const isThere = archive.isRemoved || isSegmentFile(this.#archiveDir, number, archive.file);
      if (!isThere && !archiveListed.get(number, archive.file)) return archives;
      archives.push(archive);
    }
  }

  #statements(db: DatabaseSync) {
    if (!this.#bound.has(db)) this.#seals.bind(db);
    this.#bound.add(db);
    return this.#prepared.of(db);
  }
}

function recordOf(row: unknown): number | null {
  return (row as { record: number | null } | undefined)?.record ?? null;
}

/** Records looked at in one read transaction. */
const WINDOW = 50_000;
/** By how much the time of a commit may lie from the `iat` of its records, with time held to be steady. */
const SLACK_SECONDS = 600;

/** The first record and the last of a window, as statements take them: the first excluded. */
export type WindowBounds = [number, number];

/** The ledger between two times, read window by window within a budget of time. */
export class LedgerWindows {
  readonly #connection: LedgerConnection;
  readonly #ledger: LedgerRanges;

  constructor(connection: LedgerConnection, ledger: LedgerRanges) {
    this.#connection = connection;
    this.#ledger = ledger;
  }

  /** Parts of the ledger in which tokens issued between two times lie. */
  between(from: number, to: number): readonly LedgerRange[] {
    return this.#connection.read((db) => {
      const first = this.#ledger.firstSince(db, from - SLACK_SECONDS);
      const last = this.#ledger.lastUntil(db, to + SLACK_SECONDS);
      return this.#ledger.between(db, first, last).flatMap(cut);
    });
  }

  /** Until something is found, all windows are read or the time is over. */
  over<T>(
    windows: readonly LedgerRange[],
    deadline: number,
    read: (source: DatabaseSync, bounds: WindowBounds, archived: boolean) => T | undefined,
  ): { readonly found?: T; readonly complete: boolean } {
    for (const window of windows) {
      if (performance.now() > deadline) return { complete: false };
      const found = this.#connection.read((db) =>
        this.#ledger.within(db, window, (source) =>
          read(source, [window.first - 1, window.last], window.archive !== null),
        ),
      );
      if (found !== undefined) return { found, complete: true };
    }
    return { complete: true };
  }
}

function cut({ first, last, archive }: LedgerRange): readonly LedgerRange[] {
  const count = Math.ceil((last - first + 1) / WINDOW);
  return Array.from({ length: count }, (_, n) => {
    const start = first + n * WINDOW;
    return { first: start, last: Math.min(last, start + WINDOW - 1), archive };
  });
}

const LISTED = 100;
/** Names that are told apart; beyond them they are only counted, each time that one appears. */
const REMEMBERED = 100_000;

/** Tokens by name, in bounded memory. */
export class ShareCount {
  readonly #tokens = new Map<string, number>();
  #beyond = 0;

  add(name: string, tokens: number): void {
    const before = this.#tokens.get(name);
    if (before !== undefined || this.#tokens.size < REMEMBERED) {
      this.#tokens.set(name, (before ?? 0) + tokens);
    } else {
      this.#beyond += 1;
    }
  }

  shares(): Shares {
    const all = [...this.#tokens].map(([name, tokens]) => ({ name, tokens }));
    all.sort((a, b) => b.tokens - a.tokens || compareText(a.name, b.name));
    return { listed: all.slice(0, LISTED), more: Math.max(0, all.length - LISTED) + this.#beyond };
  }
}
