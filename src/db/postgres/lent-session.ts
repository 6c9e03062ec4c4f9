import type { StoreFailure } from '../failure.ts';
import type { Executed } from '../session-dialect.ts';
import { replaced, transactionLost } from './failure.ts';
import { KeptSession } from './kept-session.ts';
import type { PostgresLending } from './lending-protocol.ts';
import { proven } from './proof.ts';
import { durabilityOf, readFacts, type ServerFacts } from './requirements.ts';
import { foreignIn } from './schema-objects.ts';
import type { PostgresSession } from './session.ts';

/** A connection that the event loop borrows. */
export class LentSession {
  readonly #settings: PostgresLending;
  readonly #kept: KeptSession;
  /** Beside it: a transaction may be under way while the watch looks. */
  readonly #watch: KeptSession;
  #session: PostgresSession | undefined;
  #isInTransaction = false;

  constructor(settings: PostgresLending) {
    this.#settings = settings;
    this.#kept = new KeptSession(settings);
    this.#watch = new KeptSession({ database: settings.database, reached: settings.reached });
  }

  async begin(): Promise<void> {
    await this.rollback();
    this.#session = await this.#kept.open();
    await this.#session.begin(this.#settings.begin);
    this.#isInTransaction = true;
  }

  execute(sql: string, parameters: readonly unknown[] = []): Promise<Executed> {
    if (this.#session && this.#isInTransaction) return this.#session.execute(sql, parameters);
    return Promise.reject(transactionLost());
  }

  async commit(): Promise<void> {
    if (!this.#session || !this.#isInTransaction) throw transactionLost();
    this.#isInTransaction = false;
    const { begin, database } = this.#settings;
    const commit = this.#session.commitAnswered();
    await (begin === 'write' ? proven(this.#session, commit, durabilityOf(database)) : commit);
    if (begin === 'write' && this.#kept.isReplaced) throw replaced();
  }

  async rollback(): Promise<void> {
    const wasInTransaction = this.#isInTransaction;
    this.#isInTransaction = false;
    if (wasInTransaction) await this.#session?.rollback();
  }

  async foreign(): Promise<string | undefined> {
    const { own } = this.#settings;
    return own && (await foreignIn(await this.#watch.open(), own));
  }

  async facts(): Promise<ServerFacts> {
    return await readFacts(await this.#kept.open());
  }

  recover(error: unknown): StoreFailure {
    this.#watch.recover(error);
    return this.#kept.recover(error);
  }

  async close(): Promise<void> {
    this.#isInTransaction = false;
    await Promise.all([this.#kept.close(), this.#watch.close()]);
  }
}
