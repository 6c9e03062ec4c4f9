import type { IssuedAnswer, IssuedQuestion, IssuedReader } from '../domain/issued-around.ts';
import { BoundedLink } from './bounded-link.ts';
import { compileIssuedQueries, type IssuedCalls } from './issued-protocol.ts';
import { ledgerEntry } from './ledger-row.ts';
import { compileSearchStatements } from './search-protocol.ts';
import type { FileIdentity } from './writer-protocol.ts';

/** Above what the worker takes for all questions that may wait. */
const DEADLINE_MS = 30_000;

export interface IssuedOptions {
  readonly file: string;
  readonly identity: FileIdentity;
  readonly archiveDir: string;
}

/** Counts in a thread of its own, which starts with the first question: an emergency's counting never waits for it. */
export class SqliteIssuedReader implements IssuedReader {
  readonly #link: BoundedLink<IssuedCalls>;

  constructor(options: IssuedOptions) {
    const [statements, queries] = [compileSearchStatements(), compileIssuedQueries()];
    this.#link = new BoundedLink({
      entry: new URL('./issued-worker.ts', import.meta.url),
      settings: { ...options, statements, queries },
      deadlineMs: DEADLINE_MS,
    });
  }

  async issued(question: IssuedQuestion): Promise<IssuedAnswer> {
    const { tokens, rows, complete } = await this.#link.ask('issued', question);
    return { tokens, complete, entries: rows.map((row) => ledgerEntry(row, row.archived)) };
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
