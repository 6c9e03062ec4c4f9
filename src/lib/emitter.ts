const MOST_REPLAYED = 100;

export interface Subscribable<T> {
  /** The listener is called in the same tick, in order. Returns how to unsubscribe. */
  subscribe(listener: (event: T) => void): () => void;
}

/**
 * Subscribes a view: it gets all content at once, then each change in the same tick. Nothing else changes a view.
 * Returns how to unsubscribe.
 */
export type Follow<Content> = (view: (content: Content) => void) => () => void;

/**
 * Synchronous emitter: listeners run in the same tick, in order. One that throws keeps nothing from the others: its
 * failure is thrown once all of them were told.
 */
export class Emitter<T> implements Subscribable<T> {
  readonly #listeners = new Set<(event: T) => void>();

  subscribe(listener: (event: T) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(event: T): void {
    this.emitAll([event]);
  }

  emitAll(events: Iterable<T>): void {
    const failures: unknown[] = [];
    for (const event of events) {
      for (const listener of this.#listeners) {
        try {
          listener(event);
        } catch (error) {
          failures.push(error);
        }
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** Replays the first events, at most 100, to each new listener. */
export class ReplayingEmitter<T> implements Subscribable<T> {
  readonly #emitter = new Emitter<T>();
  readonly #past: T[] = [];

  subscribe(listener: (event: T) => void): () => void {
    for (const event of this.#past) listener(event);
    return this.#emitter.subscribe(listener);
  }

  emit(event: T): void {
    if (this.#past.length < MOST_REPLAYED) this.#past.push(event);
    this.#emitter.emit(event);
  }
}
