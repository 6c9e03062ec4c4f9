import type { IssuedHours, IssuedHoursReader } from '../kernel/ledger-search.ts';
import { BoundedLink } from './bounded-link.ts';
import { compileIssuedHoursQuery, type IssuedHoursCalls } from './issued-hours-protocol.ts';
import { compileSearchStatements, type LedgerReading } from './search-protocol.ts';

/** Above what the worker takes for all questions that may wait. */
const DEADLINE_MS = 60_000;

/** Counts in a thread of its own, which starts with the first question. */
export class SqliteIssuedHours implements IssuedHoursReader {
  readonly #link: BoundedLink<IssuedHoursCalls>;

  constructor(reading: LedgerReading) {
    const [statements, query] = [compileSearchStatements(), compileIssuedHoursQuery()];
    this.#link = new BoundedLink({
      entry: new URL('./issued-hours-worker.ts', import.meta.url),
      settings: { ...reading, statements, query },
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
