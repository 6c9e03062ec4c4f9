import { parse } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { KeywardError } from '../kernel/errors.ts';
import { threadOptions } from '../lib/thread-options.ts';
import { StoreFailure, unavailable, type WireFailure } from './failure.ts';

/** Each call to a worker, with what it asks and what it answers. Answers come in the order of the calls. */
export type Calls = Record<string, { readonly asks: unknown; readonly answers: unknown }>;

export interface CallRequest<C, K extends keyof C = keyof C> {
  readonly call: K;
  readonly asks: unknown;
}

export type CallReply =
  | { readonly ok: true; readonly answers: unknown }
  | { readonly ok: false; readonly failure: WireFailure };

export interface CallThreadOptions {
  /** The worker's module, which calls `serveCalls`. */
  readonly entry: URL;
  readonly settings: unknown;
  /** Past it, an unanswered call is the end of the thread. */
  readonly deadlineMs: number;
}

/** A timer that fires so late was held up with the whole process: the thread had no time to answer either. */
const LATE_MS = 1_000;

interface Waiting {
  resolve(answers: unknown): void;
  reject(error: Error): void;
  readonly deadline: NodeJS.Timeout;
}

/** One life of a worker thread. Once lost it answers nothing more; another takes its place. */
export class CallThread<C extends { [K in keyof C]: Calls[string] }> {
  readonly #worker: Worker;
  readonly #deadlineMs: number;
  readonly #waiting: Waiting[] = [];
  readonly #exit: Promise<void>;
  #lost: KeywardError | undefined;
  #exited = false;
  #stopped: Promise<void> | undefined;

  constructor({ entry, settings, deadlineMs }: CallThreadOptions) {
    this.#deadlineMs = deadlineMs;
    const { name } = parse(entry.pathname);
    this.#worker = new Worker(entry, { ...threadOptions(), name, workerData: settings });
    this.#worker.on('message', (reply: CallReply) => this.#settle(reply));
    this.#worker.on('messageerror', (error) => this.#lose(error));
    this.#worker.on('error', (error) => this.#lose(error));
    this.#exit = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#exited = true;
        this.#lose(new Error('the thread ended'));
        resolve();
      });
    });
  }

  /** Why it serves no more; undefined while it does. */
  get lost(): KeywardError | undefined {
    return this.#lost;
  }

  /** Until then its connection may still hold a lock. */
  get exited(): boolean {
    return this.#exited;
  }

  /** Rejects with `StoreFailure` for what the engine reports, with `store_unavailable` when the thread is lost. */
  call<K extends keyof C>(call: K, asks: C[K]['asks']): Promise<C[K]['answers']> {
    if (this.#lost) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      let dueAt = performance.now() + this.#deadlineMs;
      const deadline = setTimeout(() => {
        const now = performance.now();
        if (now - dueAt < LATE_MS) return this.#giveUp();
        dueAt = now + this.#deadlineMs;
        deadline.refresh();
      }, this.#deadlineMs);
      this.#waiting.push({ resolve: resolve as Waiting['resolve'], reject, deadline });
      this.#worker.postMessage({ call, asks } satisfies CallRequest<C>);
    });
  }

  /** Has the worker close what it holds and waits for the thread to end; however many ask. A lost one holds nothing. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    try {
      if (!this.#lost) await this.call('close' as keyof C, null);
    } catch (error) {
      if (error !== this.#lost) throw error;
    } finally {
      await this.#exit;
    }
  }

  #settle(reply: CallReply): void {
    const waiting = this.#waiting.shift();
    if (!waiting) return;
    clearTimeout(waiting.deadline);
    if (reply.ok) waiting.resolve(reply.answers);
    else waiting.reject(new StoreFailure(reply.failure));
  }

  #giveUp(): void {
    this.#lose(new Error(`the thread gave no answer within ${this.#deadlineMs} ms`));
    void this.#worker.terminate();
  }

  #lose(cause: Error): void {
    this.#lost ??= unavailable(cause);
    for (const waiting of this.#waiting.splice(0)) {
      clearTimeout(waiting.deadline);
      waiting.reject(this.#lost);
    }
  }
}
