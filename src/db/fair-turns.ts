/** One piece of work at a time, each owner's by turns: whoever wants much done is in nobody's way but their own. */
export class FairTurns {
  readonly #queues = new Map<string, (() => Promise<void>)[]>();
  #busy = false;

  /** Settles as the work does, once its turn has come. */
  take<T>(owner: string, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const queue = this.#queues.get(owner) ?? [];
      this.#queues.set(owner, queue);
      queue.push(() => work().then(resolve, reject));
      if (!this.#busy) void this.#goOn();
    });
  }

  async #goOn(): Promise<void> {
    this.#busy = true;
    for (let next = this.#next(); next; next = this.#next()) await next();
    this.#busy = false;
  }

  /** Whoever had a turn comes behind the others. */
  #next(): (() => Promise<void>) | undefined {
    const [first] = this.#queues;
    if (!first) return undefined;
    const [owner, queue] = first;
    const work = queue.shift();
    this.#queues.delete(owner);
    if (queue.length > 0) this.#queues.set(owner, queue);
    return work;
  }
}
