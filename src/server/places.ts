/** Places given out one at a time, of which no one holder may have more than its part. */
export class Places {
  readonly #most: number;
  readonly #mostOfOne: number;
  readonly #held = new Map<string, number>();
  #taken = 0;

  constructor(most: number, mostOfOne: number) {
    this.#most = most;
    this.#mostOfOne = mostOfOne;
  }

  get taken(): number {
    return this.#taken;
  }

  /**
   * Undefined where a place was given; else whose bound is reached, the holder's own or that of all. Of the bounds,
   * `share` counts, from 0 to 1.
   */
  take(holder: string, share = 1): 'own' | 'all' | undefined {
    const full = this.full(holder, share);
    if (full) return full;
    this.#held.set(holder, (this.#held.get(holder) ?? 0) + 1);
    this.#taken++;
    return undefined;
  }

  /** What `take` would answer. */
  full(holder: string, share = 1): 'own' | 'all' | undefined {
    if ((this.#held.get(holder) ?? 0) >= this.#mostOfOne * share) return 'own';
    return this.#taken >= this.#most * share ? 'all' : undefined;
  }

  giveBack(holder: string): void {
    const own = this.#held.get(holder) ?? 0;
    if (own > 1) this.#held.set(holder, own - 1);
    else this.#held.delete(holder);
    this.#taken--;
  }
}
