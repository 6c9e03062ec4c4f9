/** Runs one task at a time, in the order they were given. A task that fails does not stop the next. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  runExclusive<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#last.then(task);
    this.#last = run.catch(() => undefined);
    return run;
  }
}

/** One mutex for each key: tasks of different keys do not wait for each other. Keys are few and stay. */
export class KeyedMutex {
  readonly #mutexes = new Map<string, Mutex>();

  runExclusive<T>(key: string, task: () => Promise<T>): Promise<T> {
    const mutex = this.#mutexes.get(key) ?? new Mutex();
    this.#mutexes.set(key, mutex);
    return mutex.runExclusive(task);
  }

  /** Holds several at once. Whoever does takes them in the same order, so that no two wait for each other. */
  runExclusiveOfAll<T>(keys: Iterable<string>, task: () => Promise<T>): Promise<T> {
    const inOrder = [...new Set(keys)].sort();
    return inOrder.reduceRight((inner, key) => () => this.runExclusive(key, inner), task)();
  }
}
