const QUIET_MS = 2_000;
const EVERY_MS = 250;

/** One line on standard error that changes, where that is a terminal and it takes longer than a moment. */
export class Progress {
  readonly #write: ((line: string) => void) | undefined;
  #next = Date.now() + QUIET_MS;
  #shown = false;

  constructor(write: ((line: string) => void) | undefined) {
    this.#write = write;
  }

  show(line: string): void {
    const now = Date.now();
    if (!this.#write || now < this.#next) return;
    this.#next = now + EVERY_MS;
    this.#shown = true;
    this.#write(line);
  }

  end(): void {
    if (this.#shown) this.#write?.('');
  }
}
