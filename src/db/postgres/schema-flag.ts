import { foreignSchema } from '../failure.ts';

/** Whether the watch found the schema changed, in memory that all threads share: until it is as it was, each refuses. */
export class SchemaFlag {
  readonly memory: SharedArrayBuffer;
  readonly #flag: Int32Array;

  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#flag = new Int32Array(memory);
  }

  set isChanged(changed: boolean) {
    Atomics.store(this.#flag, 0, changed ? 1 : 0);
  }

  /** Throws a `StoreFailure` while it is changed. */
  check(): void {
    if (Atomics.load(this.#flag, 0) === 1) throw foreignSchema('the watch says what it is');
  }
}
