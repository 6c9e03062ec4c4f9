import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { archiveSubject } from '../domain/archive-testimony.ts';
import { EventSeals } from './event-seals.ts';
import { openReadOnly } from './read-only-database.ts';
import type { SearchSettings, SearchStatements } from './search-protocol.ts';
import { isSegmentFile } from './segment-file.ts';
import { SharedEnd } from './shared-end.ts';
import { type Prepared, Statements } from './statements.ts';
import { archiveIn, type WitnessedArchive } from './witnessed-archive.ts';

/** A stretch of the ledger that lies in one file; the database itself holds what is in no archive. */
export interface Stretch {
  readonly first: number;
  readonly last: number;
  readonly archive: string | null;
}

/** The whole ledger in the order of its records, wherever they lie. */
export class LedgerStretches {
  readonly #archiveDir: string;
  readonly #end: SharedEnd;
  readonly #prepared: Statements<keyof SearchStatements>;
  readonly #seals: EventSeals;
  readonly #bound = new WeakSet<DatabaseSync>();

  constructor({ archiveDir, end, runs, statements }: Omit<SearchSettings, 'file' | 'identity'>) {
    this.#archiveDir = archiveDir;
    this.#seals = new EventSeals(runs, undefined, { isDirect: true });
    this.#end = new SharedEnd(end);
    this.#prepared = new Statements(statements);
  }

  /** What of it lies between two sequences, both included. */
  between(db: DatabaseSync, first: number, last: number): readonly Stretch[] {
    return this.#all(db)
      .map((stretch) => ({
        ...stretch,
        first: Math.max(stretch.first, first),
        last: Math.min(stretch.last, last),
      }))
      .filter((stretch) => stretch.first <= stretch.last);
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

  within<T>(db: DatabaseSync, { archive }: Stretch, read: (source: DatabaseSync) => T): T {
    if (archive === null) return read(db);
    const segment = openReadOnly(join(this.#archiveDir, archive));
    try {
      return read(segment);
    } finally {
      segment.close();
    }
  }

  #all(db: DatabaseSync): readonly Stretch[] {
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
  #archives(db: DatabaseSync): readonly WitnessedArchive[] {
    const { archiveEvents, archiveListed } = this.#statements(db);
    const archives: WitnessedArchive[] = [];
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

  #statements(db: DatabaseSync): Prepared<keyof SearchStatements> {
    if (!this.#bound.has(db)) this.#seals.bind(db);
    this.#bound.add(db);
    return this.#prepared.of(db);
  }
}

function recordOf(row: unknown): number | null {
  return (row as { record: number | null } | undefined)?.record ?? null;
}
