import { KeywardError } from '../kernel/errors.ts';
import { CallLink } from './call-link.ts';
import type { Calls, CallThreadOptions } from './call-thread.ts';
import { toKeywardError } from './sqlite-failure.ts';

const WAITING_LIMIT = 4;

/** A worker for rare questions that take long: a few may wait, and whoever else comes is turned away. */
export class BoundedLink<C extends { [K in keyof C]: Calls[string] }> {
  readonly #link: CallLink<C>;
  #waiting = 0;

  constructor(options: CallThreadOptions) {
    this.#link = new CallLink(options);
  }

  /** `store_unavailable`, `overloaded`. */
  async ask<K extends keyof C>(call: K, asks: C[K]['asks']): Promise<C[K]['answers']> {
    if (this.#waiting >= WAITING_LIMIT) {
      throw new KeywardError('overloaded', 'Too many of these are being counted; ask again shortly.', {
        retryAfterSeconds: 5,
      });
    }
    this.#waiting += 1;
    try {
      return await this.#link.thread().call(call, asks);
    } catch (error) {
      throw toKeywardError(error);
    } finally {
      this.#waiting -= 1;
    }
  }

  async close(): Promise<void> {
    await this.#link.stop();
  }
}
