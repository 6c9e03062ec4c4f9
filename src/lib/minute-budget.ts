interface Clock {
  nowSeconds(): number;
}

/** So many of each name within one minute of the clock. Names come from a small set, such as the keys. */
export class MinuteBudget {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #taken = new Map<string, number>();
  #minute: number | undefined;

  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** False once the minute's budget is spent. */
  take(name: string): boolean {
    const minute = Math.floor(this.#clock.nowSeconds() / 60);
    if (minute !== this.#minute) this.#taken.clear();
    this.#minute = minute;
    const taken = this.#taken.get(name) ?? 0;
    if (taken >= this.#limit) return false;
    this.#taken.set(name, taken + 1);
    return true;
  }
}
