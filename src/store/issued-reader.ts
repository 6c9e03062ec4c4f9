import { KeywardError } from '../domain/errors.ts';
import type { IssuedAnswer, IssuedQuestion, IssuedReader } from '../domain/issued-around.ts';
import { CallLink } from './call-link.ts';
import { compileIssuedQueries, type IssuedCalls } from './issued-protocol.ts';
import { ledgerEntry } from './ledger-row.ts';
import { compileSearchStatements } from './search-protocol.ts';
import { toKeywardError } from './sqlite-failure.ts';
import type { FileIdentity } from './writer-protocol.ts';

/** Above what the worker takes for all questions that may wait. */
const DEADLINE_MS = 30_000;
const WAITING_LIMIT = 4;

export interface IssuedOptions {
  readonly file: string;
  readonly identity: FileIdentity;
  readonly archiveDir: string;
}

/** Counts in a thread of its own, which starts with the first question: an emergency's counting never waits for it. */
export class SqliteIssuedReader implements IssuedReader {
  readonly #link: CallLink<IssuedCalls>;
  #waiting = 0;

  constructor(options: IssuedOptions) {
    const [statements, queries] = [compileSearchStatements(), compileIssuedQueries()];
    this.#link = new CallLink({
      entry: new URL('./issued-worker.ts', import.meta.url),
      settings: { ...options, statements, queries },
      deadlineMs: DEADLINE_MS,
    });
  }

  async issued(question: IssuedQuestion): Promise<IssuedAnswer> {
    if (this.#waiting >= WAITING_LIMIT) {
      throw new KeywardError('overloaded', 'Too many of these are being counted; ask again shortly.', {
        retryAfterSeconds: 5,
      });
    }
    this.#waiting += 1;
    try {
      const { tokens, rows, complete } = await this.#link.thread().call('issued', question);
      return { tokens, complete, entries: rows.map((row) => ledgerEntry(row, row.archived)) };
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
