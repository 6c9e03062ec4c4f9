import { KeywardError } from '../kernel/errors.ts';
import type { LedgerPage, LedgerQuery, LedgerSearch } from '../kernel/ledger-search.ts';
import { CallLink } from './call-link.ts';
import { compileSearch } from './compile-search.ts';
import { ledgerEntry } from './ledger-row.ts';
import {
  compileSearchStatements,
  type LedgerChecking,
  type SearchCalls,
  type SearchPage,
} from './search-protocol.ts';
import { toKeywardError } from './sqlite-failure.ts';

const DEADLINE_MS = 30_000;
/** Pages that may wait: each is a fraction of a second. */
const PAGE_LIMIT = 32;

/** Reads pages in a thread of its own, which starts with the first. */
export class SqliteLedgerSearch implements LedgerSearch {
  readonly #link: CallLink<SearchCalls>;
  readonly #onBroken: LedgerChecking['onBroken'];
  #waiting = 0;

  constructor({ onBroken, ...settings }: LedgerChecking) {
    this.#link = new CallLink({
      entry: new URL('./search-worker.ts', import.meta.url),
      settings: { ...settings, statements: compileSearchStatements() },
      deadlineMs: DEADLINE_MS,
    });
    this.#onBroken = onBroken;
  }

  async page(query: LedgerQuery, bounds: { after: number; limit: number }): Promise<LedgerPage> {
    const { rows, broken, archived, next } = await this.rows(query, bounds);
    for (const each of broken.values()) this.#onBroken(each);
    return {
      entries: rows.filter((row) => !broken.has(row)).map((row) => ledgerEntry(row, archived)),
      next,
    };
  }

  /** The same as stored, with those that count for nothing. */
  async rows(query: LedgerQuery, bounds: { after: number; limit: number }): Promise<SearchPage> {
    if (this.#waiting >= PAGE_LIMIT) {
      throw new KeywardError('overloaded', 'Too many look-ups wait; try again shortly.', {
        retryAfterSeconds: 1,
      });
    }
    this.#waiting += 1;
    try {
      const asks = { search: compileSearch(query), ...bounds };
      return await this.#link.thread().call('page', asks);
    } catch (error) {
      throw toKeywardError(error);
    } finally {
      this.#waiting -= 1;
    }
  }

  async close(): Promise<void> {
    await this.#link.stop();
  }
}
