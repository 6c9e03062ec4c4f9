/** One piece of work after another: each decides by what the one before it left. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    // The failure belongs to whoever asked; the next turn comes all the same.
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
