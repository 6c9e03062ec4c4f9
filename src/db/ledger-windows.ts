import type { LedgerConnection } from './ledger-connection.ts';
import type { LedgerRange, LedgerRanges } from './ledger-ranges.ts';
import type { Rows } from './rows.ts';

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
  between(from: number, to: number): Promise<readonly LedgerRange[]> {
    return this.#connection.read(async (rows) => {
      const first = await this.#ledger.firstSince(rows, from - SLACK_SECONDS);
      const last = await this.#ledger.lastUntil(rows, to + SLACK_SECONDS);
      return (await this.#ledger.between(rows, first, last)).flatMap(cut);
    });
  }

  /** Until something is found, all windows are read or the time is over. */
  async over<T>(
    windows: readonly LedgerRange[],
    deadline: number,
    read: (rows: Rows, bounds: WindowBounds, archived: boolean) => Promise<T | undefined>,
  ): Promise<{ readonly found?: T; readonly complete: boolean }> {
    for (const window of windows) {
      if (performance.now() > deadline) return { complete: false };
      const found = await this.#connection.read((rows) =>
        this.#ledger.within(rows, window, (part) =>
          read(part, [window.first - 1, window.last], window.archive !== null),
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
