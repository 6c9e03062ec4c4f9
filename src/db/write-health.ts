import type { KeywardError } from '../kernel/errors.ts';
import { type Condition, SqliteFailure, toKeywardError } from './sqlite-failure.ts';
import type { StoreEvent } from './store-event.ts';

/** Maps the errors of writing, and tells of the first of each kind that makes the store unavailable, and of the end. */
export class WriteHealth {
  readonly #onEvent: (event: StoreEvent) => void;
  #failing: Condition | 'writer_lost' | undefined;

  constructor(onEvent: (event: StoreEvent) => void) {
    this.#onEvent = onEvent;
  }

  async watch<T>(write: () => Promise<T>): Promise<T> {
    try {
      const result = await write();
      this.#succeeded();
      return result;
    } catch (error) {
      const mapped = toKeywardError(error);
      if (mapped.code === 'store_unavailable') this.#failed(mapped);
      throw mapped;
    }
  }

  #succeeded(): void {
    if (!this.#failing) return;
    this.#failing = undefined;
    this.#onEvent({ name: 'write_recovered' });
  }

  #failed({ cause }: KeywardError): void {
    const condition = (cause instanceof SqliteFailure && cause.condition) || 'writer_lost';
    if (this.#failing === condition) return;
    this.#failing = condition;
    this.#onEvent({ name: 'write_failed', condition, cause });
  }
}
