interface Hold {
  readonly over: Promise<void>;
  readonly end: () => void;
  changes: number;
}

/**
 * Scopes whose signing key is about to change. Whoever wants to sign for one waits until it has: what was recorded
 * before the change was handed to the writer commits before it, and nothing of the former key is recorded after.
 */
export class IssuanceLock {
  readonly #held = new Map<string, Hold>();

  /** Answers how to let go. */
  acquire(scopeId: string): () => void {
    const { promise: released, resolve: end } = Promise.withResolvers<void>();
    const hold = this.#held.get(scopeId) ?? { over: released, end, changes: 0 };
    this.#held.set(scopeId, hold);
    hold.changes += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      hold.changes -= 1;
      if (hold.changes > 0) return;
      this.#held.delete(scopeId);
      hold.end();
    };
  }

  /** Settles when the scope is held no longer; undefined where it is not. */
  over(scopeId: string): Promise<void> | undefined {
    return this.#held.get(scopeId)?.over;
  }
}
