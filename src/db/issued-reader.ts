import type {
  IssuedAnswer,
  IssuedQuestion,
  IssuedReader,
  LivingTokens,
  LivingTokensQuestion,
  LivingTokensReader,
} from '../kernel/ledger-search.ts';
import { BoundedLink } from './bounded-link.ts';
import { compileIssuedQueries, compileLivingQuery, type IssuedCalls } from './issued-protocol.ts';
import { ledgerEntry } from './ledger-row.ts';
import { compileSearchStatements, type LedgerChecking } from './search-protocol.ts';

/** Above what the worker takes for all questions that may wait. */
const DEADLINE_MS = 30_000;

/** Counts in a thread of its own, which starts with the first question: an emergency's counting never waits for it. */
export class SqliteIssuedReader implements IssuedReader, LivingTokensReader {
  readonly #link: BoundedLink<IssuedCalls>;
  readonly #onBroken: LedgerChecking['onBroken'];

  constructor({ onBroken, ...reading }: LedgerChecking) {
    const [statements, queries] = [compileSearchStatements(), compileIssuedQueries()];
    this.#link = new BoundedLink({
      entry: new URL('./issued-worker.ts', import.meta.url),
      settings: { ...reading, statements, queries, living: compileLivingQuery() },
      deadlineMs: DEADLINE_MS,
    });
    this.#onBroken = onBroken;
  }

  async issued(question: IssuedQuestion): Promise<IssuedAnswer> {
    const { tokens, rows, broken, complete } = await this.#link.ask('issued', question);
    for (const each of broken) this.#onBroken(each);
    return { tokens, complete, entries: rows.map((row) => ledgerEntry(row, row.archived)) };
  }

  living(question: LivingTokensQuestion): Promise<LivingTokens> {
    return this.#link.ask('living', question);
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
