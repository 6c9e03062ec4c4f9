import type { StoreFailure } from '../failure.ts';
import type { Executed } from '../session-dialect.ts';
import type { AppendedGroup, Durability, WriterCalls, WriterSettings } from '../writer-protocol.ts';
import { needsReconnecting, otherOwner, postgresFailure, transactionLost } from './failure.ts';
import { GroupWriter } from './group-writer.ts';
import { openSession, type PostgresThread } from './open-session.ts';
import { proven } from './proof.ts';
import { durabilityOf, readFacts } from './requirements.ts';
import type { PostgresSession } from './session.ts';
import { endSyncWait } from './sync-wait.ts';

/** So long a commit may wait for a standby: less than an answer may take. */
const COMMIT_WAIT_MS = 5_000;

/** As whom a thread writes. */
export interface PostgresWriting extends WriterSettings, PostgresThread {
  readonly epoch: number;
}

/**
 * The one connection that writes. It is opened anew at the next call after it was lost. What it was in the midst of
 * is then unknown, and is never answered as done: the next group looks at where the ledger ends.
 */
export class WriteConnection {
  readonly #settings: PostgresWriting;
  readonly #groups: GroupWriter;
  #session: PostgresSession | undefined;
  #isInTransaction = false;

  constructor(settings: PostgresWriting) {
    this.#settings = settings;
    const { run, epoch, database } = settings;
    this.#groups = new GroupWriter(run, epoch, durabilityOf(database));
  }

  /** A row that breaks a constraint is left out and named. */
  async append({ batch, end }: WriterCalls['append']['asks']): Promise<AppendedGroup> {
    await this.rollback();
    const session = await this.#open();
    return await this.#withinWait(session, this.#groups.append(session, batch, end));
  }

  async begin(): Promise<void> {
    await this.rollback();
    const session = await this.#open();
    this.#isInTransaction = true;
    await session.begin();
    const { rows } = await session.query('SELECT kw_begin($1) AS own', [this.#settings.epoch]);
    if (rows[0]?.own === 1) return;
    await this.rollback();
    throw otherOwner();
  }

  execute(sql: string, parameters: readonly unknown[]): Promise<Executed> {
    return this.#transaction().execute(sql, parameters);
  }

  async commit(): Promise<void> {
    const session = this.#transaction();
    this.#isInTransaction = false;
    const committed = proven(session, session.commitAnswered(), durabilityOf(this.#settings.database));
    await this.#withinWait(session, committed);
  }

  async rollback(): Promise<void> {
    const wasInTransaction = this.#isInTransaction;
    this.#isInTransaction = false;
    if (wasInTransaction) await this.#session?.rollback();
  }

  async durability(): Promise<Durability> {
    const { product, standbyNames, inSync } = await readFacts(await this.#open());
    return { product, standbyNames, inSync };
  }

  /** After a failure of any method above: a server that is no primary any more does not become one. */
  recover(error: unknown): StoreFailure {
    if (needsReconnecting(error)) void this.close();
    return postgresFailure(error);
  }

  async close(): Promise<void> {
    this.#isInTransaction = false;
    this.#groups.forget();
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
  }

  /** The wait would outlive the connection, and leave one more behind on the server with each that is given up. */
  async #withinWait<T>({ backend }: PostgresSession, commit: Promise<T>): Promise<T> {
    const timer = setTimeout(() => void this.#endWait(backend), COMMIT_WAIT_MS);
    try {
      return await commit;
    } finally {
      clearTimeout(timer);
    }
  }

  async #endWait(backend: number): Promise<void> {
    try {
      const session = await openSession(this.#settings.database);
      await endSyncWait(session, backend).finally(() => session.close());
    } catch {
      // The deadline of the answer ends it on this side.
    }
  }

  async #open(): Promise<PostgresSession> {
    if (this.#session && !this.#session.lost) return this.#session;
    await this.close();
    this.#session = await openSession(this.#settings.database);
    return this.#session;
  }

  /** A statement after a lost connection would commit on its own. */
  #transaction(): PostgresSession {
    if (this.#session && !this.#session.lost && this.#isInTransaction) return this.#session;
    throw transactionLost();
  }
}
