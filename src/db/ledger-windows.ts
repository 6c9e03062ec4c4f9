import type { DatabaseSync } from 'node:sqlite';
import type { LedgerStretches, Stretch } from './ledger-ranges.ts';
import type { ReadConnection } from './read-connection.ts';

/** Records looked at in one read transaction. */
const WINDOW = 50_000;
/** By how much the time of a commit may lie from the `iat` of its records, with time held to be steady. */
const SLACK_SECONDS = 600;

/** The first record and the last of a window, as statements take them: the first excluded. */
export type WindowBounds = [number, number];

/** The ledger between two times, read window by window within a budget of time. */
export class LedgerWindows {
  readonly #connection: ReadConnection;
  readonly #ledger: LedgerStretches;

  constructor(connection: ReadConnection, ledger: LedgerStretches) {
    this.#connection = connection;
    this.#ledger = ledger;
  }

  /** Parts of the ledger in which tokens issued between two times lie. */
  between(from: number, to: number): readonly Stretch[] {
    return this.#connection.read((db) => {
      const first = this.#ledger.firstSince(db, from - SLACK_SECONDS);
      const last = this.#ledger.lastUntil(db, to + SLACK_SECONDS);
      return this.#ledger.between(db, first, last).flatMap(cut);
    });
  }

  /** Until something is found, all windows are read or the time is over. */
  over<T>(
    windows: readonly Stretch[],
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

function cut({ first, last, archive }: Stretch): readonly Stretch[] {
  const count = Math.ceil((last - first + 1) / WINDOW);
  return Array.from({ length: count }, (_, n) => {
    const start = first + n * WINDOW;
    return { first: start, last: Math.min(last, start + WINDOW - 1), archive };
  });
}
