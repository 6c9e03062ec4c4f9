import { KeywardError } from '../kernel/errors.ts';
import { CallLink } from './call-link.ts';
import { toKeywardError, unknownRunIn } from './failure.ts';
import type { LedgerReading } from './open-ledger.ts';
import type { RunDirectory } from './run-directory.ts';
import type { ReadCalls } from './serve-questions.ts';

/** Other runs that one question may meet: those that are not certified are as many as starts without the HSM. */
const MOST_MET = 100;

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
  readonly #directory: Pick<RunDirectory, 'find'>;
  #waiting = 0;

  constructor(
    { thread, directory, ...reading }: LedgerReading,
    { deadlineMs, waiting, ...own }: ReadThreadOptions,
  ) {
    this.#directory = directory;
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
      return await this.#askJudging(question, asks);
    } catch (error) {
      throw toKeywardError(error);
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Runs that the thread meets and does not know are judged, and it is asked again. */
  async #askJudging<Q extends keyof ReadCalls>(
    question: Q,
    asks: ReadCalls[Q]['asks'],
  ): Promise<ReadCalls[Q]['answers']> {
    for (let met = 0; ; met += 1) {
      const thread = this.#link.thread();
      try {
        return await thread.call(question, asks);
      } catch (error) {
        const id = unknownRunIn(error);
        if (id === undefined || met === MOST_MET) throw error;
        await thread.call('judged', { id, run: (await this.#directory.find(id)) ?? null });
      }
    }
  }

  close(): Promise<void> {
    return this.#link.stop();
  }
}
