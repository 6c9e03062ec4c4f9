const EVERY_MS = 10;
/** So late, and requests wait longer to be read than it takes to serve them. */
const LATE_MS = 20;
const LESS = 0.7;
const MORE = 1.02;
const LEAST = 1 / 16;

/**
 * What part of the requests that could be in flight may be, by how late the event loop is: quickly less while it is, and
 * slowly more when it is not. So what is too much is refused at once, and what is served is served as fast as before.
 */
export class LoopLoad {
  #share = 1;

  /** From 1/16 to 1. */
  get share(): number {
    return this.#share;
  }

  /** Looks again and again, for as long as the process lives. */
  watch(): this {
    let expected = performance.now() + EVERY_MS;
    setInterval(() => {
      const now = performance.now();
      this.late(now - expected);
      expected = now + EVERY_MS;
    }, EVERY_MS).unref();
    return this;
  }

  /** By so many milliseconds a timer ran too late. */
  late(byMs: number): void {
    this.#share = byMs > LATE_MS ? Math.max(LEAST, this.#share * LESS) : Math.min(1, this.#share * MORE);
  }
}
