import { KeywardError } from '../../domain/errors.ts';

/** Changes that may wait for their turn: with the HSM away, each of them waits for its deadline. */
const LIMIT = 256;

/** One signed change after another: each builds on the head that the one before it left. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** `overloaded` where too many wait. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= LIMIT) {
      throw new KeywardError('overloaded', 'Too many changes wait; try again shortly.', {
        retryAfterSeconds: 1,
      });
    }
    this.#waiting += 1;
    const turn = this.#last.then(work);
    // The failure belongs to whoever asked; the next turn comes all the same.
    this.#last = turn
      .catch(() => undefined)
      .finally(() => {
        this.#waiting -= 1;
      });
    return await turn;
  }
}
