import type { StoreFailure } from '../failure.ts';
import { connectionLost } from './failure.ts';
import type { Position } from './position.ts';

const NONE = 0n;

/**
 * The latest server that this process has reached, in memory that all its threads share: as soon as one of them has seen
 * that a standby was promoted, none believes or acknowledges what the server before it says.
 */
export class ReachedServer {
  readonly memory: SharedArrayBuffer;
  readonly #system: BigInt64Array;
  readonly #timeline: Uint32Array;

  constructor(memory = new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#system = new BigInt64Array(memory, 0, 1);
    this.#timeline = new Uint32Array(memory, BigInt64Array.BYTES_PER_ELEMENT, 1);
  }

  /**
   * Takes note of the server found, and answers its timeline. Throws a `StoreFailure` where nothing may be written to or
   * believed of it after those that were reached before. A higher timeline is well: a standby was promoted, and what it
   * lacks is for others to find out.
   */
  take({ system, timeline }: Position): number {
    if (timeline === undefined) throw unusable('it is a standby');
    const before = Atomics.compareExchange(this.#system, 0, NONE, system);
    if (before !== NONE && before !== system)
      throw unusable('it is of another cluster (another system identifier)');
    for (;;) {
      const latest = Atomics.load(this.#timeline, 0);
      if (timeline < latest) throw unusable(`its timeline ${timeline} is over: ${latest} was seen`);
      if (Atomics.compareExchange(this.#timeline, 0, latest, timeline) === latest) return timeline;
    }
  }

  /** Whether a server of that timeline was replaced. */
  isReplaced(timeline: number): boolean {
    return timeline < Atomics.load(this.#timeline, 0);
  }
}

function unusable(why: string): StoreFailure {
  return connectionLost(`the server cannot be used: ${why}`);
}
