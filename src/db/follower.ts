import type { SharedDatabase } from './engine.ts';
import type { Reader } from './reader.ts';

/** Takes over what other fronts have committed by the time it is called. */
export type Follow = () => Promise<void>;

interface FollowerOptions {
  /** Asked for nothing else: whoever catches up may hold up the others. */
  readonly reader: Pick<Reader, 'read'>;
  /** Absent where nobody else writes. */
  readonly shared: SharedDatabase | undefined;
  /** Memory has all that raised the fence up to that number. */
  readonly passed: (fence: number) => void;
}

/** So long after the last look memory counts as what the database has. */
const FRESH_MS = 5_000;

/** Keeps what this process holds in memory of a database at which other fronts write, too. */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #follows: Follow[] = [];
  /** A look that begins later than whoever asks for it. */
  #next: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();
  #passed = -1;
  #lookedAt = performance.now();

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** In the order in which they are taken over. */
  add(follow: Follow): void {
    this.#follows.push(follow);
  }

  /** Whether memory is what the database had a moment ago. */
  get isFresh(): boolean {
    return !this.#options.shared || performance.now() - this.#lookedAt < FRESH_MS;
  }

  /** Catches up where something has happened. `store_unavailable`, `registry_refused`. */
  async look(): Promise<void> {
    const { shared, reader } = this.#options;
    if (!shared) return;
    const lookedAt = performance.now();
    const fence = await reader.read((trx) => shared.fence(trx));
    if (fence > this.#passed) await this.catchUp();
    this.#lookedAt = lookedAt;
  }

  /** Takes over all that is committed by now. */
  catchUp(): Promise<void> {
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        this.#running = this.#takeOver();
        return this.#running;
      });
    return this.#next;
  }

  async #takeOver(): Promise<void> {
    const { shared, reader, passed } = this.#options;
    if (!shared) return;
    // What is read behind it has at least what raised it.
    const fence = await reader.read((trx) => shared.fence(trx));
    for (const follow of this.#follows) await follow();
    this.#passed = fence;
    passed(fence);
  }
}
