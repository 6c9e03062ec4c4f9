const EVERY_MS = 10;
/** Of a second. */
const LOOKS = 100;
/** So late, and requests wait longer to be read than it takes to serve them. */
const LATE_MS = 20;
const LESS = 0.7;
const MORE = 1.02;
/** The least share: so many places are left however late the event loop is. */
export const LEAST_SHARE = 1 / 16;

/**
 * What part of the requests that could be in flight may be, by how late the event loop is: quickly less while it is, and
 * slowly more when it is not. So what is too much is refused at once, and what is served is served as fast as before.
 */
export class LoopLoad {
  #share = 1;
  #timer: NodeJS.Timeout | undefined;
  #looksLeft = 0;

  /** From 1/16 to 1. */
  get share(): number {
    return this.#share;
  }

  /**
   * Looks at the event loop for as long as this is called every second, and until the share is whole again. A service
   * that nobody calls would else wake a hundred times a second.
   */
  watch(): void {
    this.#looksLeft = LOOKS;
    if (this.#timer) return;
    let expected = performance.now() + EVERY_MS;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.late(now - expected);
      expected = now + EVERY_MS;
      this.#looksLeft -= 1;
      if (this.#looksLeft <= 0 && this.#share === 1) this.#stop();
    }, EVERY_MS).unref();
  }

  /** By so many milliseconds a timer ran too late. */
  late(byMs: number): void {
    this.#share =
      byMs > LATE_MS ? Math.max(LEAST_SHARE, this.#share * LESS) : Math.min(1, this.#share * MORE);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
