/** What has changed, for those who must know in the same turn. */
export interface Watchable<T> {
  /** `told` is called at once, in the order of the changes; it must not throw. Answers how to stop. */
  watch(told: (what: T) => void): () => void;
}

/** The teller's side. */
export class Changes<T> implements Watchable<T> {
  readonly #watchers = new Set<(what: T) => void>();

  watch(told: (what: T) => void): () => void {
    this.#watchers.add(told);
    return () => void this.#watchers.delete(told);
  }

  tell(what: T): void {
    for (const told of this.#watchers) told(what);
  }
}
