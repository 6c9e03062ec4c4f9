import type { SharedDatabase } from './engine.ts';
import { unavailable } from './failure.ts';
import type { TrxReader } from './schema.ts';

/** Takes over what other fronts have committed by the time it is called, by what that reader reads. */
export type Follow = (reader: TrxReader) => Promise<void>;

interface FollowerOptions {
  /** Asked for nothing else: whoever catches up may hold up the others. */
  readonly reader: TrxReader;
  /** Absent where nobody else writes. */
  readonly shared: SharedDatabase | undefined;
  /** Memory has all that raised the fence up to that number. */
  readonly passed: (fence: number) => void;
}

/** So long after the last look memory counts as what the database has. */
const FRESH_MS = 5_000;
/** Between two looks. */
export const LOOK_EVERY_MS = 200;

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

  /** Whether other fronts can write at all. */
  get isShared(): boolean {
    return this.#options.shared !== undefined;
  }

  /** `store_unavailable` where it is not known what other fronts did in the last seconds. */
  requireFresh(): void {
    if (!this.isShared || performance.now() - this.#lookedAt < FRESH_MS) return;
    throw unavailable(new Error('what other fronts changed is not known'));
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
    for (const follow of this.#follows) await follow(reader);
    this.#passed = fence;
    passed(fence);
  }
}
