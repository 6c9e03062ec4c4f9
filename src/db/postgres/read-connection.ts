import type { StoreFailure } from '../failure.ts';
import type { LedgerConnection } from '../ledger-connection.ts';
import type { Rows } from '../rows.ts';
import { unproven } from './failure.ts';
import { KeptSession } from './kept-session.ts';
import type { PostgresGround } from './open-session.ts';
import { PostgresRows } from './postgres-rows.ts';
import { passBarrier } from './proof.ts';
import { durabilityOf } from './requirements.ts';
import { SchemaFlag } from './schema-flag.ts';
import type { PostgresSession } from './session.ts';
import { withinWait } from './within-wait.ts';

const LAST_GROUP = 'SELECT coalesce(max(sequence), 0) AS last FROM ledger_groups';

/** A worker's connection for reading. */
export class ReadConnection implements LedgerConnection {
  readonly #settings: PostgresGround;
  readonly #flag: SchemaFlag;
  readonly #kept: KeptSession;
  /** Whose absence was confirmed: the next look is at the same. */
  #confirmed: PostgresSession | undefined;
  #rows: { readonly of: PostgresSession; readonly rows: Rows } | undefined;

  constructor(settings: PostgresGround) {
    this.#settings = settings;
    this.#flag = new SchemaFlag(settings.changed);
    this.#kept = new KeptSession(settings);
  }

  async read<T>(read: (rows: Rows) => Promise<T>): Promise<T> {
    this.#flag.check();
    const confirmed = this.#confirmed;
    this.#confirmed = undefined;
    const session = await this.#kept.open();
    if (confirmed && confirmed !== session)
      throw unproven('another server would answer than the one that was asked');
    await session.begin('read');
    try {
      return await read(this.#rowsOf(session));
    } finally {
      // It changed nothing: whichever way it ends, it is over.
      await session.rollback();
    }
  }

  /** A server that was replaced cannot write so that standbys have it. */
  async confirmServer(): Promise<void> {
    await this.#passBarrier();
  }

  /**
   * As `confirmServer`. One that was promoted without having been in sync
   * can: it is known by the groups that it lacks.
   */
  async confirmAbsence(end: number | undefined): Promise<void> {
    const session = await this.#passBarrier();
    const { rows } = await session.transact(LAST_GROUP);
    if (end === undefined || Number(rows[0]?.last) >= end) return;
    this.#confirmed = undefined;
    throw unproven('what was not found may have been there: the ledger has lost its end');
  }

  async #passBarrier(): Promise<PostgresSession> {
    const session = await this.#kept.open();
    const { database } = this.#settings;
    const isPassed = await withinWait(this.#settings, session, passBarrier(session, durabilityOf(database)));
    if (!isPassed || this.#kept.isReplaced) {
      // A new one may reach the server that commits.
      await this.#kept.close();
      throw unproven('the server that was read may have been replaced: no standby confirms a write of it');
    }
    this.#confirmed = session;
    return session;
  }

  recover(error: unknown): StoreFailure {
    return this.#kept.recover(error);
  }

  close(): Promise<void> {
    return this.#kept.close();
  }

  #rowsOf(session: PostgresSession): Rows {
    if (this.#rows?.of !== session) this.#rows = { of: session, rows: new PostgresRows(session) };
    return this.#rows.rows;
  }
}
