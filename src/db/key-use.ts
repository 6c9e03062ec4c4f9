import type { KeyUse, KeyUseQuestion, KeyUseReader } from '../kernel/key-administration.ts';
import { BoundedLink } from './bounded-link.ts';
import { compileKeyUseQueries, type KeyUseCalls } from './key-use-protocol.ts';
import { compileSearchStatements, type LedgerReading } from './search-protocol.ts';

/** Above what the worker takes for a question, with one before it. */
const DEADLINE_MS = 60_000;

/** Reads in a thread of its own, which starts with the first question. */
export class SqliteKeyUse implements KeyUseReader {
  readonly #link: BoundedLink<KeyUseCalls>;

  constructor(reading: LedgerReading) {
    const [statements, queries] = [compileSearchStatements(), compileKeyUseQueries()];
    this.#link = new BoundedLink({
      entry: new URL('./key-use-worker.ts', import.meta.url),
      settings: { ...reading, statements, queries },
      deadlineMs: DEADLINE_MS,
    });
  }

  use(question: KeyUseQuestion): Promise<KeyUse> {
    return this.#link.ask('use', question);
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
