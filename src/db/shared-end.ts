/** The last group of the ledger as the writer knows it, in memory that the reading threads share. */
export class SharedEnd {
  readonly memory: SharedArrayBuffer;
  readonly #group: BigInt64Array;

  /** Until it is known nothing lies beyond it. */
  constructor(memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
    this.#group = new BigInt64Array(this.memory);
    if (!memory) this.group = Number.MAX_SAFE_INTEGER;
  }

  get group(): number {
    return Number(Atomics.load(this.#group, 0));
  }

  set group(sequence: number) {
    Atomics.store(this.#group, 0, BigInt(sequence));
  }
}
