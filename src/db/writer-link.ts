import { CallLink } from './call-link.ts';
import type { EventTrust } from './event-seals.ts';
import type { SqliteSession } from './sqlite-dialect.ts';
import type { WriterCalls, WriterSettings } from './writer-protocol.ts';

/** The writer's thread, also as the session of one transaction. */
export class WriterLink extends CallLink<WriterCalls> {
  readonly #settings: WriterSettings;

  constructor(settings: WriterSettings, deadlineMs: number) {
    super({ entry: new URL('./writer-worker.ts', import.meta.url), settings, deadlineMs });
    this.#settings = settings;
  }

  /** The thread that replaces a lost one trusts the same. */
  async trust(trust: EventTrust): Promise<void> {
    this.#settings.trust = trust;
    await this.thread().call('trust', trust);
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
}
