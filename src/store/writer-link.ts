import type { SqliteSession } from './sqlite-dialect.ts';
import type { WriterSettings } from './writer-protocol.ts';
import { WriterThread } from './writer-thread.ts';

/** Keeps one writer thread alive: a lost one is replaced at the next use, once it has let go of the file. */
export class WriterLink {
  readonly #settings: WriterSettings;
  readonly #deadlineMs: number;
  #thread: WriterThread | undefined;

  constructor(settings: WriterSettings, deadlineMs: number) {
    this.#settings = settings;
    this.#deadlineMs = deadlineMs;
  }

  thread(): WriterThread {
    const lost = this.#thread?.lost;
    if (lost && !this.#thread?.exited) throw lost;
    if (lost || !this.#thread) this.#thread = new WriterThread(this.#settings, this.#deadlineMs);
    return this.#thread;
  }

  /** Bound to one thread: a transaction never goes on in the thread that replaced its own. */
  session(): SqliteSession {
    const thread = this.thread();
    return {
      begin: async () => void (await thread.call('begin', null)),
      commit: async () => void (await thread.call('commit', null)),
      // A lost thread took the transaction with it.
      rollback: async () => void (thread.lost ?? (await thread.call('rollback', null))),
      execute: (sql, parameters) => thread.call('execute', { sql, parameters }),
    };
  }

  async stop(): Promise<void> {
    await this.#thread?.stop();
  }
}
