import { type Calls, CallThread, type CallThreadOptions } from './call-thread.ts';

/** Keeps one thread alive: a lost one is replaced at the next use, once it has let go of the file. */
export class CallLink<C extends { [K in keyof C]: Calls[string] }> {
  readonly #options: CallThreadOptions;
  #thread: CallThread<C> | undefined;

  constructor(options: CallThreadOptions) {
    this.#options = options;
  }

  get isUsed(): boolean {
    return this.#thread !== undefined;
  }

  thread(): CallThread<C> {
    const lost = this.#thread?.lost;
    if (lost && !this.#thread?.exited) throw lost;
    if (lost || !this.#thread) this.#thread = new CallThread<C>(this.#options);
    return this.#thread;
  }

  async stop(): Promise<void> {
    await this.#thread?.stop();
  }
}
