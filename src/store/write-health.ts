import type { KeywardError } from '../domain/errors.ts';
import { SqliteFailure, toKeywardError } from './sqlite-failure.ts';
import type { StoreEvent } from './store-event.ts';

/** Maps the errors of writing, and tells of the first that made the store unavailable and of its end. */
export class WriteHealth {
  readonly #onEvent: (event: StoreEvent) => void;
  #failing = false;

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
    this.#failing = false;
    this.#onEvent({ name: 'write_recovered' });
  }

  #failed({ cause }: KeywardError): void {
    if (this.#failing) return;
    this.#failing = true;
    const condition = (cause instanceof SqliteFailure && cause.condition) || 'writer_lost';
    this.#onEvent({ name: 'write_failed', condition, cause });
  }
}
