/** How many urgent changes wait for their commit, in memory that the writer's thread shares: what they wait for is cut short. */
export class UrgentWaiting {
  readonly memory: SharedArrayBuffer;
  readonly #count: Int32Array;

  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#count = new Int32Array(memory);
  }

  get any(): boolean {
    return Atomics.load(this.#count, 0) > 0;
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    Atomics.add(this.#count, 0, 1);
    try {
      return await work();
    } finally {
      Atomics.sub(this.#count, 0, 1);
    }
  }
}
