import { failureOf } from './failure.ts';
import type { Log } from './log.ts';
import type { Failure } from './protocol.ts';

/**
 * The life of this process's handles (decision 0003). The first error that only another process can cure ends
 * it: from then on nothing more is asked of the module, since a handle may have come to name another key.
 */
export class Epoch {
  readonly #log: Log;
  #end: Failure | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Why it ended; undefined while it lasts. */
  get end(): Failure | undefined {
    return this.#end;
  }

  /** What the front is told of an error, which ends the epoch where it must. */
  failed(doing: string, error: unknown): Failure {
    const failure = failureOf(error);
    const ends = failure.remedy === 'replace' && !this.#end;
    if (ends) this.#end = failure;
    if (ends || failure.remedy === 'stop' || failure.code === 'internal') {
      this.#log('error', `${doing} failed`, detailsOf(error));
    }
    return failure;
  }
}

function detailsOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  const cause = error.cause instanceof Error ? { cause: error.cause.message } : {};
  return { error: error.message, ...cause, stack: error.stack };
}
