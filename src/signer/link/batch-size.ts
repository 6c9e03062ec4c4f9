/** The most signatures that one message asks for. */
export const MESSAGE_SIZE = 16;

/**
 * How many signatures one message may ask for. It starts at one and doubles while full messages are answered
 * within `targetMs`, so that neither RSA-4096 nor a slow HSM makes a healthy signer miss its deadline.
 */
export class BatchSize {
  readonly #targetMs: number;
  #limit = 1;

  constructor(targetMs: number) {
    this.#targetMs = targetMs;
  }

  get limit(): number {
    return this.#limit;
  }

  answered(signatures: number, tookMs: number): void {
    if (tookMs > this.#targetMs) {
      this.#limit = Math.max(1, Math.floor((signatures * this.#targetMs) / tookMs));
    } else if (signatures >= this.#limit) {
      this.#limit = Math.min(this.#limit * 2, MESSAGE_SIZE);
    }
  }
}
