import type { BrokenChain } from '../kernel/audit-chain.ts';
import type { LedgerPage, LedgerQuery, LedgerSearch } from '../kernel/ledger-search.ts';
import { ledgerEntry } from './ledger-row.ts';
import type { SearchPage } from './questions/search-page.ts';
import type { ReadThread } from './read-thread.ts';

/** Pages of the ledger by what an investigation asks for. */
export class SqliteLedgerSearch implements LedgerSearch {
  readonly #thread: Pick<ReadThread, 'ask'>;
  readonly #onBroken: (broken: BrokenChain) => void;

  /** `onBroken` is told of rows that were met and count for nothing. */
  constructor(thread: Pick<ReadThread, 'ask'>, onBroken: (broken: BrokenChain) => void) {
    this.#thread = thread;
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
  rows(query: LedgerQuery, bounds: { after: number; limit: number }): Promise<SearchPage> {
    return this.#thread.ask('searchPage', { query, ...bounds });
  }
}
