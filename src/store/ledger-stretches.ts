import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SearchStatements } from './search-protocol.ts';
import { Statements } from './statements.ts';

/** A stretch of the ledger that lies in one file; the database itself holds what is in no archive. */
export interface Stretch {
  readonly first: number;
  readonly last: number;
  readonly archive: string | null;
}

/** The whole ledger in the order of its records, wherever they lie. */
export class LedgerStretches {
  readonly #archiveDir: string;
  readonly #prepared: Statements<keyof SearchStatements>;

  constructor(archiveDir: string, statements: SearchStatements) {
    this.#archiveDir = archiveDir;
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
    return recordOf(this.#prepared.of(db).firstRecordSince.get(time)) ?? Number.MAX_SAFE_INTEGER;
  }

  /** The last record committed at that time or before; of all, where there is none. */
  lastUntil(db: DatabaseSync, time: number | null): number {
    const { lastGroup, lastRecordUntil } = this.#prepared.of(db);
    return recordOf(time === null ? lastGroup.get() : lastRecordUntil.get(time)) ?? 0;
  }

  within<T>(db: DatabaseSync, { archive }: Stretch, read: (source: DatabaseSync) => T): T {
    if (archive === null) return read(db);
    const segment = new DatabaseSync(join(this.#archiveDir, archive), { readOnly: true });
    try {
      return read(segment);
    } finally {
      segment.close();
    }
  }

  #all(db: DatabaseSync): readonly Stretch[] {
    const archives = this.#prepared.of(db).archives.all() as unknown as {
      file: string;
      first_record: number;
      last_record: number;
      removed_at: number | null;
    }[];
    const kept = archives.filter(({ removed_at }) => removed_at === null);
    return [
      ...kept.map(({ file: archive, first_record: first, last_record: last }) => ({ first, last, archive })),
      { first: (archives.at(-1)?.last_record ?? 0) + 1, last: this.lastUntil(db, null), archive: null },
    ];
  }
}

function recordOf(row: unknown): number | null {
  return (row as { record: number | null } | undefined)?.record ?? null;
}
