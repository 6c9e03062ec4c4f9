/** 256 readers that take nothing, at the most that may wait for one: 10,000 of them would hold 2.5 GB. */
const MOST_WAITING_BYTES = 64 * 1024 * 1024;

interface Reader {
  readonly waitingBytes: number;
  cutOff(): void;
}

/**
 * Bounds what waits on many streams together: past it the fullest are cut off, so that who takes nothing is in nobody's
 * way. The sum is measured where it may be too much, and not kept: Node does not tell what became of every write.
 */
export class WaitingBytes {
  readonly #most: number;
  readonly #readers = new Set<Reader>();
  /** No more than so much waits. */
  #bound = 0;
  #isDue = false;

  constructor(most = MOST_WAITING_BYTES) {
    this.#most = most;
  }

  add(reader: Reader): void {
    this.#readers.add(reader);
  }

  delete(reader: Reader): void {
    this.#readers.delete(reader);
  }

  /** Counts what still waits once the connections have had their turn: one message to all readers is not too much. */
  wrote(bytes: number): void {
    this.#bound += bytes;
    if (this.#bound <= this.#most || this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#measure());
  }

  #measure(): void {
    this.#isDue = false;
    const waiting = [...this.#readers].map((reader) => ({ reader, bytes: reader.waitingBytes }));
    this.#bound = waiting.reduce((sum, { bytes }) => sum + bytes, 0);
    if (this.#bound <= this.#most) return;
    for (const { reader, bytes } of waiting.sort((one, other) => other.bytes - one.bytes)) {
      if (this.#bound <= this.#most) return;
      reader.cutOff();
      this.#bound -= bytes;
    }
  }
}

/** For all event streams of the process, on either plane. */
export const streamBytes = new WaitingBytes();
