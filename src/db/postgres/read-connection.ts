import { foreignSchema, type StoreFailure } from '../failure.ts';
import type { LedgerConnection } from '../ledger-connection.ts';
import type { Rows } from '../rows.ts';
import { passBarrier } from './barrier.ts';
import { needsReconnecting, postgresFailure, unproven } from './failure.ts';
import { openSession, type PostgresGround } from './open-session.ts';
import { PostgresRows } from './postgres-rows.ts';
import { durabilityOf } from './requirements.ts';
import { SchemaFlag } from './schema-flag.ts';
import { foreignIn } from './schema-objects.ts';
import type { PostgresSession } from './session.ts';
import { withinWait } from './within-wait.ts';

const LAST_GROUP = 'SELECT coalesce(max(sequence), 0) AS last FROM ledger_groups';

/** A worker's connection for reading, opened anew at the next use after it was lost. */
export class ReadConnection implements LedgerConnection {
  readonly #settings: PostgresGround;
  readonly #flag: SchemaFlag;
  /** Whose absence was confirmed: the next look is at the same. */
  #confirmed: PostgresSession | undefined;
  #open: { readonly session: PostgresSession; readonly rows: Rows } | undefined;

  constructor(settings: PostgresGround) {
    this.#settings = settings;
    this.#flag = new SchemaFlag(settings.changed);
  }

  async read<T>(read: (rows: Rows) => Promise<T>): Promise<T> {
    this.#flag.check();
    const confirmed = this.#confirmed;
    this.#confirmed = undefined;
    const { session, rows } = await this.#connected();
    if (confirmed && confirmed !== session)
      throw unproven('another server would answer than the one that was asked');
    await session.begin('read');
    try {
      return await read(rows);
    } finally {
      // It changed nothing: whichever way it ends, it is over.
      await session.rollback();
    }
  }

  /**
   * A server that was replaced cannot write so that standbys have it. One that was promoted without having been in sync
   * can: it is known by the groups that it lacks.
   */
  async confirmAbsence(end: number | undefined): Promise<void> {
    const { session } = await this.#connected();
    const { database } = this.#settings;
    if (!(await withinWait(database, session, passBarrier(session, durabilityOf(database)))))
      throw unproven('what was not found may be there: no standby confirms a write of this server');
    const { rows } = await session.transact(LAST_GROUP);
    if (end !== undefined && Number(rows[0]?.last) < end)
      throw unproven('what was not found may have been there: the ledger has lost its end');
    this.#confirmed = session;
  }

  recover(error: unknown): StoreFailure {
    if (needsReconnecting(error)) void this.close();
    return postgresFailure(error);
  }

  async close(): Promise<void> {
    const session = this.#open?.session;
    this.#open = undefined;
    await session?.close();
  }

  async #connected() {
    if (this.#open && !this.#open.session.lost) return this.#open;
    await this.close();
    const session = await openSession(this.#settings.database);
    const foreign = await foreignIn(session, this.#settings.own);
    if (foreign !== undefined) {
      await session.close();
      throw foreignSchema(foreign);
    }
    this.#open = { session, rows: new PostgresRows(session) };
    return this.#open;
  }
}
