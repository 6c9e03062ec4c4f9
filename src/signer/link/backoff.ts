export interface BackoffBounds {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Doubling delays with jitter: each is between half of its step and the whole, and none exceeds `maxMs`. */
export class Backoff {
  readonly #bounds: BackoffBounds;
  readonly #random: () => number;
  #stepMs: number;

  constructor(bounds: BackoffBounds, random: () => number) {
    this.#bounds = bounds;
    this.#random = random;
    this.#stepMs = bounds.firstMs;
  }

  /** The delay before the next attempt, in milliseconds. */
  next(): number {
    const stepMs = this.#stepMs;
    this.#stepMs = Math.min(stepMs * 2, this.#bounds.maxMs);
    return stepMs * (0.5 + this.#random() / 2);
  }

  reset(): void {
    this.#stepMs = this.#bounds.firstMs;
  }
}
