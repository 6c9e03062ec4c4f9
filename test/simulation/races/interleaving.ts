import { setImmediate as turn } from 'node:timers/promises';
import type { Scheduler } from 'fast-check';

/**
 * The order in which things happen, chosen by fast-check. What is done at a real database is done within one step, so
 * that a seed gives the same order again.
 */
export class Interleaving {
  readonly #scheduler: Scheduler;
  readonly #working = new Set<Promise<unknown>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Settles when it is its turn. */
  step(label: string): Promise<void> {
    return this.#scheduler.schedule(Promise.resolve(), label);
  }

  /** Begins and is answered in steps of their own. */
  async call<T>(label: string, work: () => Promise<T>): Promise<T> {
    await this.step(label);
    return await this.#answered(label, this.#during(work));
  }

  /** The same, behind all that was written before, as the writer has it: what is handed in first commits first. */
  async write<T>(label: string, work: () => Promise<T>): Promise<T> {
    const written = this.#last.then(() => this.step(label)).then(() => this.#during(work));
    this.#last = written.catch(() => undefined);
    return await this.#answered(label, written);
  }

  /** Takes one step after another until none is left. Throws where the work is not done then: it waits for ever. */
  async run(work: Promise<unknown>): Promise<void> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    done.catch(() => undefined);
    await this.#quiet();
    while (this.#scheduler.count() > 0) {
      await this.#scheduler.waitOne();
      await this.#quiet();
    }
    if (!isDone) throw new Error('what is left waits for ever');
    await done;
  }

  async #answered<T>(label: string, work: Promise<T>): Promise<T> {
    const [outcome] = await Promise.allSettled([work]);
    await this.step(`${label}: answer`);
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  }

  #during<T>(work: () => Promise<T>): Promise<T> {
    const working = work();
    this.#working.add(working);
    const done = () => this.#working.delete(working);
    working.then(done, done);
    return working;
  }

  async #quiet(): Promise<void> {
    do {
      await Promise.allSettled(this.#working);
      await turn();
    } while (this.#working.size > 0);
  }
}
