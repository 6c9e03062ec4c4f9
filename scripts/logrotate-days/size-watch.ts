import { statSync } from 'node:fs';

const EACH_MS = 2;

/** How large a file was when it was truncated or renamed, as somebody sees who looks all the time. */
export class SizeWatch {
  readonly #file: string;
  readonly #timer: NodeJS.Timeout;
  #largest = 0;

  constructor(file: string) {
    this.#file = file;
    this.#timer = setInterval(() => this.#look(), EACH_MS);
  }

  /** The largest size since the last call. */
  take(): number {
    const largest = this.#largest;
    this.#largest = 0;
    return largest;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#largest = Math.max(this.#largest, statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0);
  }
}
