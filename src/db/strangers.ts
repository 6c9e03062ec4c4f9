import { dropOldest } from '../lib/recent-set.ts';

const MOST = 10_000;
const JUDGED_AGAIN_MS = 5_000;

/**
 * Runs that were judged a moment ago, and whose seals do not count. Not for good: whoever writes to the database can take
 * a certificate away and put it back.
 */
export class Strangers {
  readonly #judgedAt = new Map<string, number>();
  readonly #monotonicMs: () => number;

  constructor(monotonicMs = () => performance.now()) {
    this.#monotonicMs = monotonicMs;
  }

  has(id: string): boolean {
    const judgedAt = this.#judgedAt.get(id);
    return judgedAt !== undefined && this.#monotonicMs() - judgedAt < JUDGED_AGAIN_MS;
  }

  add(id: string): void {
    this.#judgedAt.delete(id);
    this.#judgedAt.set(id, this.#monotonicMs());
    dropOldest(this.#judgedAt, MOST);
  }
}
