import type { IssuedHours, IssuedHoursReader } from '../domain/issued-hours.ts';
import { BoundedLink } from './bounded-link.ts';
import { compileIssuedHoursQuery, type IssuedHoursCalls } from './issued-hours-protocol.ts';
import { compileSearchStatements } from './search-protocol.ts';
import type { FileIdentity } from './writer-protocol.ts';

/** Above what the worker takes for all questions that may wait. */
const DEADLINE_MS = 60_000;

export interface IssuedHoursOptions {
  readonly file: string;
  readonly identity: FileIdentity;
  readonly archiveDir: string;
}

/** Counts in a thread of its own, which starts with the first question. */
export class SqliteIssuedHours implements IssuedHoursReader {
  readonly #link: BoundedLink<IssuedHoursCalls>;

  constructor(options: IssuedHoursOptions) {
    const [statements, query] = [compileSearchStatements(), compileIssuedHoursQuery()];
    this.#link = new BoundedLink({
      entry: new URL('./issued-hours-worker.ts', import.meta.url),
      settings: { ...options, statements, query },
      deadlineMs: DEADLINE_MS,
    });
  }

  between(from: number, to: number): Promise<IssuedHours> {
    return this.#link.ask('between', { from, to });
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
