/** In any unit of time. */
export interface BackoffBounds {
  /** After the first failure. */
  readonly first: number;
  readonly max: number;
  /** From one step to the next; 2 where it is missing. */
  readonly factor?: number;
}

/**
 * The delay after so many failures in a row, of which there is one at least. Steps grow up to `max`; with `random`
 * from 0 to 1, the delay lies between half of its step and the whole.
 */
export function backoff(
  failures: number,
  { first, max, factor = 2 }: BackoffBounds,
  random: () => number,
): number {
  return Math.min(max, first * factor ** (failures - 1)) * (0.5 + random() / 2);
}

/** Counts the failures in a row itself. */
export class Backoff {
  readonly #bounds: BackoffBounds;
  readonly #random: () => number;
  #failures = 0;

  constructor(bounds: BackoffBounds, random: () => number) {
    this.#bounds = bounds;
    this.#random = random;
  }

  /** The delay before the next attempt. */
  next(): number {
    this.#failures += 1;
    return backoff(this.#failures, this.#bounds, this.#random);
  }

  reset(): void {
    this.#failures = 0;
  }
}
