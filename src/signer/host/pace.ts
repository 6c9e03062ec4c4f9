/** So many at once, and after them one each interval. */
export class Pace {
  readonly #most: number;
  readonly #everyMs: number;
  #left: number;
  #filledAt = performance.now();

  constructor({ most, everyMs }: { readonly most: number; readonly everyMs: number }) {
    this.#most = most;
    this.#everyMs = everyMs;
    this.#left = most;
  }

  /** False where it is too soon. */
  take(): boolean {
    const now = performance.now();
    this.#left = Math.min(this.#most, this.#left + (now - this.#filledAt) / this.#everyMs);
    this.#filledAt = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
