import { printable } from '../../lib/printable.ts';

const QUIET_MS = 2_000;
const EVERY_MS = 250;
const NAME_CHARACTERS = 60;

/** One line on standard error that changes, where that is a terminal and it takes longer than a moment. */
export class Progress {
  readonly #write: ((line: string) => void) | undefined;
  #next = Date.now() + QUIET_MS;
  #shown = false;

  constructor(write: ((line: string) => void) | undefined) {
    this.#write = write;
  }

  show(contents: number, bytes: number, name: string): void {
    const now = Date.now();
    if (!this.#write || now < this.#next) return;
    this.#next = now + EVERY_MS;
    this.#shown = true;
    const where = printable(name).slice(-NAME_CHARACTERS);
    this.#write(`${contents} files, ${Math.round(bytes / 1e6)} MB: ${where}`);
  }

  end(): void {
    if (this.#shown) this.#write?.('');
  }
}
