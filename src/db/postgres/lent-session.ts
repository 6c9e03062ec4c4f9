import { foreignSchema, type StoreFailure } from '../failure.ts';
import type { Executed } from '../session-dialect.ts';
import { needsReconnecting, postgresFailure, transactionLost } from './failure.ts';
import type { PostgresLending } from './lending-protocol.ts';
import { openSession } from './open-session.ts';
import { proven } from './proof.ts';
import { durabilityOf, readFacts, type ServerFacts } from './requirements.ts';
import { foreignIn } from './schema-objects.ts';
import type { PostgresSession } from './session.ts';

/** A connection that the event loop borrows, opened anew at the next use after it was lost. */
export class LentSession {
  readonly #settings: PostgresLending;
  #session: PostgresSession | undefined;
  #isInTransaction = false;

  constructor(settings: PostgresLending) {
    this.#settings = settings;
  }

  async begin(): Promise<void> {
    await this.rollback();
    const session = await this.#open();
    await session.begin(this.#settings.begin);
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
  }

  async rollback(): Promise<void> {
    const wasInTransaction = this.#isInTransaction;
    this.#isInTransaction = false;
    if (wasInTransaction) await this.#session?.rollback();
  }

  /** On a connection of its own: a transaction may be under way on this one. */
  async foreign(): Promise<string | undefined> {
    const session = await openSession(this.#settings.database);
    try {
      return await this.#foreignIn(session);
    } finally {
      await session.close();
    }
  }

  async facts(): Promise<ServerFacts> {
    return await readFacts(await this.#open());
  }

  recover(error: unknown): StoreFailure {
    if (needsReconnecting(error)) void this.close();
    return postgresFailure(error);
  }

  async close(): Promise<void> {
    this.#isInTransaction = false;
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
  }

  async #open(): Promise<PostgresSession> {
    if (this.#session && !this.#session.lost) return this.#session;
    const session = await this.#connected();
    const foreign = await this.#foreignIn(session);
    if (foreign === undefined) return session;
    await this.close();
    throw foreignSchema(foreign);
  }

  async #connected(): Promise<PostgresSession> {
    if (this.#session && !this.#session.lost) return this.#session;
    await this.close();
    this.#session = await openSession(this.#settings.database);
    return this.#session;
  }

  async #foreignIn(session: PostgresSession): Promise<string | undefined> {
    const { own } = this.#settings;
    return own && (await foreignIn(session, own));
  }
}
