import { SharedRun } from '../lib/shared-run.ts';
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
  readonly #looks = new SharedRun(() => this.#look());
  readonly #catches = new SharedRun(() => this.#catchUp());
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

  /** Takes over what was committed before this call; answers whether there was anything. `store_unavailable`, `registry_refused`. */
  look(): Promise<boolean> {
    return this.#looks.run();
  }

  /** The same without a look whether there is anything. */
  async catchUp(): Promise<void> {
    await this.#catches.run();
  }

  async #look(): Promise<boolean> {
    const { shared, reader } = this.#options;
    if (!shared) return false;
    const lookedAt = performance.now();
    const fence = await reader.read((trx) => shared.fence(trx));
    const isNews = fence > this.#passed;
    if (isNews) await this.#catches.run();
    this.#lookedAt = lookedAt;
    return isNews;
  }

  async #catchUp(): Promise<void> {
    const { shared, reader, passed } = this.#options;
    if (!shared) return;
    // What is read behind it has at least what raised it.
    const fence = await reader.read((trx) => shared.fence(trx));
    for (const follow of this.#follows) await follow(reader);
    this.#passed = fence;
    passed(fence);
  }
}
