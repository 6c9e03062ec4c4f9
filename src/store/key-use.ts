import { KeywardError } from '../domain/errors.ts';
import type { KeyUse, KeyUseQuestion, KeyUseReader } from '../domain/key-use.ts';
import { CallLink } from './call-link.ts';
import { compileKeyUseQueries, type KeyUseCalls } from './key-use-protocol.ts';
import { compileSearchStatements } from './search-protocol.ts';
import { toKeywardError } from './sqlite-failure.ts';
import type { FileIdentity } from './writer-protocol.ts';

/** Above what the worker takes for a question, with one before it. */
const DEADLINE_MS = 60_000;
const WAITING_LIMIT = 4;

export interface KeyUseOptions {
  readonly file: string;
  readonly identity: FileIdentity;
  readonly archiveDir: string;
}

/** Reads in a thread of its own, which starts with the first question. */
export class SqliteKeyUse implements KeyUseReader {
  readonly #link: CallLink<KeyUseCalls>;
  #waiting = 0;

  constructor(options: KeyUseOptions) {
    const { file, identity, archiveDir } = options;
    const [statements, queries] = [compileSearchStatements(), compileKeyUseQueries()];
    this.#link = new CallLink({
      entry: new URL('./key-use-worker.ts', import.meta.url),
      settings: { file, identity, archiveDir, statements, queries },
      deadlineMs: DEADLINE_MS,
    });
  }

  async use(question: KeyUseQuestion): Promise<KeyUse> {
    if (this.#waiting >= WAITING_LIMIT) {
      throw new KeywardError('overloaded', 'Too many of these are being counted; ask again shortly.', {
        retryAfterSeconds: 5,
      });
    }
    this.#waiting += 1;
    try {
      return await this.#link.thread().call('use', question);
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
