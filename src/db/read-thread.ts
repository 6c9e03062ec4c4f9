import { KeywardError } from '../kernel/errors.ts';
import { CallLink } from './call-link.ts';
import { toKeywardError } from './failure.ts';
import type { LedgerReading } from './open-ledger.ts';
import type { ReadCalls } from './serve-questions.ts';

export interface ReadThreadOptions {
  /** Past it, an unanswered question is the end of the thread: above what the questions that may wait take together. */
  readonly deadlineMs: number;
  /** How many may wait; without it whoever asks has a limit of their own. */
  readonly waiting?: { readonly most: number; readonly tooMany: string; readonly retryAfterSeconds: number };
  readonly cacheKib?: number;
  readonly givesWay?: boolean;
}

/** Asks a reading thread, which starts with the first question and answers one after another. */
export class ReadThread {
  readonly #link: CallLink<ReadCalls>;
  readonly #limit: ReadThreadOptions['waiting'];
  #waiting = 0;

  constructor({ thread, ...reading }: LedgerReading, { deadlineMs, waiting, ...own }: ReadThreadOptions) {
    const settings = { ...thread.settings, ...reading, ...own };
    this.#link = new CallLink({ entry: thread.entry, settings, deadlineMs });
    this.#limit = waiting;
  }

  /** Whether anything was asked yet: before, there is no thread. */
  get isUsed(): boolean {
    return this.#link.isUsed;
  }

  /** `store_unavailable`, `overloaded`. */
  async ask<Q extends keyof ReadCalls>(
    question: Q,
    asks: ReadCalls[Q]['asks'],
  ): Promise<ReadCalls[Q]['answers']> {
    if (this.#limit && this.#waiting >= this.#limit.most) {
      const { tooMany, retryAfterSeconds } = this.#limit;
      throw new KeywardError('overloaded', tooMany, { retryAfterSeconds });
    }
    this.#waiting += 1;
    try {
      return await this.#link.thread().call(question, asks);
    } catch (error) {
      throw toKeywardError(error);
    } finally {
      this.#waiting -= 1;
    }
  }

  close(): Promise<void> {
    return this.#link.stop();
  }
}
