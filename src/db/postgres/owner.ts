import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { KeywardError } from '../../kernel/errors.ts';
import type { DatabaseOwner } from '../engine.ts';
import type { Ownership } from '../ledger-mark.ts';
import type { Schema } from '../schema.ts';
import type { LentConnection } from './lent-connection.ts';
import type { SchemaObjects } from './schema-objects.ts';

/** The session lock of whoever has the database. */
const OWNER_LOCK = sql`4711, 2`;
const BEAT_MS = 1_000;
/** So long after it was last known the lock counts as held. Whoever takes it waits that long, unless it was given back. */
const TRUSTED_MS = 4_000;
/** A process that was killed leaves a session behind until the server has noticed. */
const TRIES = 20;
const BETWEEN_TRIES_MS = 250;
const ID_BYTES = 16;

interface Slot {
  readonly owner: string;
  /** Where and what it is, for people; empty once it was given back. */
  readonly holder: string;
}

interface Taking {
  readonly prepare: () => Promise<SchemaObjects>;
  /** Told before the commit, whose answer may be lost. */
  readonly claim: (owner: Ownership) => void;
}

interface Taken {
  readonly id: string;
  readonly former: string;
  readonly own: SchemaObjects;
  readonly control: Kysely<Schema>;
  readonly connection: LentConnection;
}

/**
 * Has the database by a lock of a session of its own, and by an id that each change and each group of records is held
 * against: whoever lost the session unseen writes nothing once another has it.
 */
export class PostgresOwner implements DatabaseOwner {
  readonly id: string;
  readonly former: string;
  /** The schema as this version makes it. */
  readonly own: SchemaObjects;
  readonly #control: Kysely<Schema>;
  readonly #connection: LentConnection;
  readonly #timer: NodeJS.Timeout;
  #knownAt = performance.now();
  #tellLoss: () => void = () => {};
  readonly lost: Promise<void> = new Promise((resolve) => {
    this.#tellLoss = resolve;
  });
  #isBeating = false;
  #isOver = false;

  /** `control`: over that connection, which nobody else uses. `database_in_use` where another process has the database. */
  static async take(
    control: Kysely<Schema>,
    connection: LentConnection,
    { prepare, claim }: Taking,
  ): Promise<PostgresOwner> {
    await lock(control);
    const own = await prepare();
    const id = randomBytes(ID_BYTES).toString('base64url');
    const holder = `${hostname()} ${process.pid}`;
    const before = await control.transaction().execute(async (trx) => {
      // Behind the change under way of whoever had it before.
      await sql`SELECT pg_advisory_xact_lock(4711, 0), pg_advisory_xact_lock(4711, 1)`.execute(trx);
      const { rows } = await sql<Slot>`SELECT owner, holder FROM slots WHERE slot = 1`.execute(trx);
      const [slot] = rows;
      if (!slot) throw new Error('the table of slots has no row');
      claim({ id, former: slot.owner });
      await sql`UPDATE slots SET owner = ${id}, holder = ${holder} WHERE slot = 1`.execute(trx);
      return slot;
    });
    // The one before may still think it leads: what it began is undone after that.
    if (before.holder !== '') await pause(TRUSTED_MS);
    return new PostgresOwner({ id, former: before.owner, own, control, connection });
  }

  private constructor({ id, former, own, control, connection }: Taken) {
    this.id = id;
    this.former = former;
    this.own = own;
    this.#control = control;
    this.#connection = connection;
    this.#timer = setInterval(() => void this.#beat(), BEAT_MS).unref();
  }

  // Both are handed on without their object.
  readonly leads = (): boolean => !this.#isOver && performance.now() - this.#knownAt < TRUSTED_MS;

  /** Whoever began it had the database before, and is gone. */
  readonly isAbandoned = this.leads;

  async release(): Promise<void> {
    const hadIt = !this.#isOver;
    this.#isOver = true;
    clearInterval(this.#timer);
    // Whoever comes next need not wait for one that may still think it leads.
    if (hadIt) await this.#giveBack().catch(() => {});
    await this.#connection.close();
  }

  #giveBack(): Promise<unknown> {
    return this.#control
      .transaction()
      .execute((trx) => sql`UPDATE slots SET holder = '' WHERE slot = 1 AND owner = ${this.id}`.execute(trx));
  }

  #lose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#tellLoss();
    void this.#connection.close();
  }

  /** A session that was lost took its lock along; the next one takes it again, but only while the database names this process. */
  async #beat(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    const askedAt = performance.now();
    try {
      const { rows } = await this.#control.transaction().execute((trx) =>
        sql<{ held: boolean | null; owner: string }>`SELECT owner,
          CASE WHEN owner = ${this.id} THEN ${isHeld()} OR pg_try_advisory_lock(${OWNER_LOCK}) END AS held
          FROM slots WHERE slot = 1`.execute(trx),
      );
      const [found] = rows;
      if (found?.owner !== this.id) this.#lose();
      else if (found.held) this.#knownAt = askedAt;
    } catch {
      // `leads` turns false by itself; what is written meanwhile says why.
    } finally {
      this.#isBeating = false;
    }
  }
}

async function lock(control: Kysely<Schema>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { rows } = await control
      .transaction()
      .execute((trx) =>
        sql<{ held: boolean }>`SELECT pg_try_advisory_lock(${OWNER_LOCK}) AS held`.execute(trx),
      );
    if (rows[0]?.held) return;
    if (attempt === TRIES) break;
    await pause(BETWEEN_TRIES_MS);
  }
  throw new KeywardError(
    'database_in_use',
    'another process of Keyward has this database; stop it first, or give this one a database of its own',
  );
}

/** A lock that is asked for twice would have to be given back twice. */
function isHeld() {
  return sql`EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 4711 AND objid = 2
    AND pid = pg_backend_pid() AND granted)`;
}
