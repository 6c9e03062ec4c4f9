/** Work that runs once at a time. Whoever asks while it runs shares the next run, which begins after they asked. */
export class SharedRun<T> {
  readonly #work: () => Promise<T>;
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<T> | undefined;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  run(): Promise<T> {
    this.#next ??= this.#begin();
    return this.#next;
  }

  async #begin(): Promise<T> {
    await this.#running.catch(() => {});
    this.#next = undefined;
    const run = this.#work();
    this.#running = run;
    return await run;
  }
}
