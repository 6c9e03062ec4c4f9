import type { Algorithm } from '../kernel/algorithm.ts';
import { MECHANISMS } from './mechanisms.ts';

/** Milliseconds for a signature. From the one on, further sessions are worth their threads; below the other, they are not. */
const SLOW_MS = 0.4;
const QUICK_MS = 0.2;
/** The least of so many counts: a busy machine makes any single one look slow. */
const LOOKED_AT = 8;

interface Seen {
  isSlow: boolean;
  leastMs: number;
  count: number;
}

/** How a token is best asked for signatures of an algorithm, by how long the last ones took. */
export class Pace {
  readonly #seen = new Map<Algorithm, Seen>();

  /** Whether signatures are to be made in other threads, on all sessions at once. */
  isSlow(algorithm: Algorithm): boolean {
    return this.#of(algorithm).isSlow;
  }

  /** From the call of the module to its return. */
  took(algorithm: Algorithm, ms: number): void {
    const seen = this.#of(algorithm);
    seen.leastMs = Math.min(seen.leastMs, ms);
    seen.count += 1;
    if (seen.count < LOOKED_AT) return;
    seen.isSlow = seen.leastMs > (seen.isSlow ? QUICK_MS : SLOW_MS);
    seen.leastMs = Infinity;
    seen.count = 0;
  }

  #of(algorithm: Algorithm): Seen {
    const known = this.#seen.get(algorithm);
    if (known) return known;
    const seen = { isSlow: MECHANISMS[algorithm].isSlow, leastMs: Infinity, count: 0 };
    this.#seen.set(algorithm, seen);
    return seen;
  }
}
