import { Worker } from 'node:worker_threads';
import type { KeywardError } from '../domain/errors.ts';
import { SqliteFailure, unavailable } from './sqlite-failure.ts';
import type { CallName, WriterCalls, WriterReply, WriterRequest, WriterSettings } from './writer-protocol.ts';

interface Waiting {
  resolve(answers: unknown): void;
  reject(error: Error): void;
  readonly deadline: NodeJS.Timeout;
}

/** One life of the writer's worker thread. Once lost it answers nothing more; another takes its place. */
export class WriterThread {
  readonly #worker: Worker;
  readonly #deadlineMs: number;
  readonly #waiting: Waiting[] = [];
  readonly #exit: Promise<void>;
  #lost: KeywardError | undefined;
  #exited = false;

  constructor(settings: WriterSettings, deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
    const entry = new URL('./writer-worker.ts', import.meta.url);
    this.#worker = new Worker(entry, { workerData: settings, execArgv: [], env: {} });
    this.#worker.on('message', (reply: WriterReply) => this.#settle(reply));
    this.#worker.on('messageerror', (error) => this.#lose(error));
    this.#worker.on('error', (error) => this.#lose(error));
    this.#exit = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#exited = true;
        this.#lose(new Error('the writer thread ended'));
        resolve();
      });
    });
  }

  /** Why it serves no more; undefined while it does. */
  get lost(): KeywardError | undefined {
    return this.#lost;
  }

  /** Until then its connection may still hold the write lock. */
  get exited(): boolean {
    return this.#exited;
  }

  /** Rejects with `SqliteFailure` for what SQLite reports, with `store_unavailable` when the thread is lost. */
  call<K extends CallName>(call: K, asks: WriterCalls[K]['asks']): Promise<WriterCalls[K]['answers']> {
    if (this.#lost) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => this.#giveUp(), this.#deadlineMs);
      this.#waiting.push({ resolve: resolve as Waiting['resolve'], reject, deadline });
      this.#worker.postMessage({ call, asks } satisfies WriterRequest<K>);
    });
  }

  /** Closes the connection and waits for the thread to end. */
  async stop(): Promise<void> {
    if (!this.#lost) await this.call('close', null);
    await this.#exit;
  }

  #settle(reply: WriterReply): void {
    const waiting = this.#waiting.shift();
    if (!waiting) return;
    clearTimeout(waiting.deadline);
    if (reply.ok) waiting.resolve(reply.answers);
    else waiting.reject(new SqliteFailure(reply.failure));
  }

  #giveUp(): void {
    this.#lose(new Error(`the writer thread gave no answer within ${this.#deadlineMs} ms`));
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
