import { KeywardError } from '../../kernel/errors.ts';
import { Mutex } from '../../lib/mutex.ts';

/** Changes that may wait for their turn: with the HSM away, each of them waits for its deadline. */
const LIMIT = 256;

/** A mutex that refuses a task where too many wait. */
export class BoundedMutex {
  readonly #mutex = new Mutex();
  #waiting = 0;

  /** `overloaded` where too many wait. */
  async runExclusive<T>(task: () => Promise<T>): Promise<T> {
    if (this.#waiting >= LIMIT) {
      throw new KeywardError('overloaded', 'Too many changes wait; try again shortly.', {
        retryAfterSeconds: 1,
      });
    }
    this.#waiting += 1;
    try {
      return await this.#mutex.runExclusive(task);
    } finally {
      this.#waiting -= 1;
    }
  }
}
