import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { systemClock } from '../../kernel/clock.ts';
import { KeywardError } from '../../kernel/errors.ts';
import type { UnfinishedWork } from '../../kernel/registry.ts';
import type { DatabaseOwner } from '../engine.ts';
import { type Ownership, SEVERAL } from '../ledger-mark.ts';
import type { Schema, Trx } from '../schema.ts';
import type { LentConnection } from './lent-connection.ts';
import { LEADER_SLOT, MOST_FRONTS } from './own-objects.ts';
import type { SchemaObjects } from './schema-objects.ts';

/** Locks of the session: of the front that leads, of one that begins or is to be alone, and of each slot. */
const LEADER_LOCK = sql`4711, 2`;
const START_LOCK = sql`4711, 3`;
const SLOT_LOCKS = 4712;
const BEAT_MS = 1_000;
/** So long after it was last known a lock counts as held. Whoever leads next waits that long, unless it was given back. */
const TRUSTED_MS = 4_000;
/** After it the server ends the session of a front that was stopped, or is cut off unseen, and frees its locks. */
const SILENT_FOR = '6s';
/** A process that was killed leaves a session behind until the server has noticed; another front may be starting. */
const [ALONE_WITHIN_MS, JOINED_WITHIN_MS, BETWEEN_TRIES_MS] = [5_000, 60_000, 250];
/** Nobody is at work so long: whoever would complete it later is refused. */
const ABANDONED_SECONDS = 600;
const ID_BYTES = 16;

interface Slot {
  readonly slot: number;
  readonly owner: string;
  /** Where and what it is, for people; empty once it was given back. */
  readonly holder: string;
}

interface Taking {
  readonly prepare: () => Promise<SchemaObjects>;
  /** Told before the commit, whose answer may be lost. */
  readonly claim: (owner: Ownership) => void;
  /** Whether other fronts may have the database, too. */
  readonly isShared: boolean;
}

interface Taken extends Ownership {
  readonly slot: number;
  readonly own: SchemaObjects;
  readonly control: Kysely<Schema>;
  readonly connection: LentConnection;
}

interface Beat {
  readonly owner: string;
  readonly held: number | null;
  readonly others: number;
  readonly leader: string;
  readonly formerHolder: string;
  readonly leads: number | null;
}

/**
 * Has a slot of the database by a lock of a session of its own, and by an id that each change and each group of records is
 * held against: whoever lost the session unseen writes nothing once another has the slot. One of all fronts leads, by a lock
 * of the same kind.
 */
export class PostgresOwner implements DatabaseOwner {
  readonly id: string;
  readonly former: string;
  readonly isJoining: boolean;
  /** The schema as this version makes it. */
  readonly own: SchemaObjects;
  readonly #slot: number;
  readonly #control: Kysely<Schema>;
  readonly #connection: LentConnection;
  readonly #timer: NodeJS.Timeout;
  #knownAt = performance.now();
  /** From then on it leads; undefined while another does. */
  #leadsFrom: number | undefined;
  #others: number;
  #tellLoss: () => void = () => {};
  readonly lost: Promise<void> = new Promise((resolve) => {
    this.#tellLoss = resolve;
  });
  #isBeating = false;
  #isOver = false;

  /** `control`: over that connection, which nobody else uses. `database_in_use` where another process must be alone, or this one. */
  static async take(
    control: Kysely<Schema>,
    connection: LentConnection,
    { prepare, claim, isShared }: Taking,
  ): Promise<PostgresOwner> {
    await lockStart(control, isShared ? JOINED_WITHIN_MS : ALONE_WITHIN_MS);
    const own = await prepare();
    const slot = await lockSlot(control, isShared);
    const id = randomBytes(ID_BYTES).toString('base64url');
    const { before, ...found } = await control.transaction().execute(async (trx) => {
      await inTurn(trx);
      const { rows: slots } = await sql<Slot>`SELECT slot, owner, holder FROM slots`.execute(trx);
      const before = slots.find((each) => each.slot === LEADER_SLOT);
      if (!before) throw new Error('the table of slots has no row of who leads');
      const isJoining = (await othersIn(trx)) > 0;
      const owners = new Set(
        slots.flatMap((each) => (each.owner === '' || each === before ? [] : [each.owner])),
      );
      const former = isJoining ? '' : owners.size > 1 ? SEVERAL : ([...owners][0] ?? '');
      claim({ id, former, isJoining });
      await putOwner(trx, slot, id);
      if (!isJoining) await takeAll(trx, slot, id);
      return { before, former, isJoining };
    });
    const owner = new PostgresOwner({ id, slot, ...found, own, control, connection });
    if (found.isJoining) return owner;
    // The one before may still think it leads: what it began is undone after that.
    if (before.holder !== '') await pause(TRUSTED_MS);
    owner.#leadsFrom = performance.now();
    return owner;
  }

  private constructor({ id, former, isJoining, slot, own, control, connection }: Taken) {
    this.id = id;
    this.former = former;
    this.isJoining = isJoining;
    this.own = own;
    this.#slot = slot;
    this.#others = isJoining ? 1 : 0;
    this.#control = control;
    this.#connection = connection;
    this.#timer = setInterval(() => void this.#beat(), BEAT_MS).unref();
  }

  // All are handed on without their object.
  readonly leads = (): boolean => {
    const now = performance.now();
    return this.#isKnown(now) && this.#leadsFrom !== undefined && now >= this.#leadsFrom;
  };

  readonly isAbandoned = ({ since }: UnfinishedWork): boolean =>
    this.#isKnown(performance.now()) &&
    (this.#others === 0 || systemClock.nowSeconds() - since > ABANDONED_SECONDS);

  async started(): Promise<void> {
    await this.#control
      .transaction()
      .execute((trx) => sql`SELECT pg_advisory_unlock(${START_LOCK})`.execute(trx));
  }

  async release(): Promise<void> {
    const hadIt = !this.#isOver;
    this.#isOver = true;
    clearInterval(this.#timer);
    // Whoever comes next need not wait for one that may still think it leads.
    if (hadIt) await this.#giveBack().catch(() => {});
    await this.#connection.close();
  }

  #isKnown(now: number): boolean {
    return !this.#isOver && now - this.#knownAt < TRUSTED_MS;
  }

  #giveBack(): Promise<unknown> {
    return this.#control.transaction().execute(async (trx) => {
      await inTurn(trx);
      await sql`UPDATE slots SET holder = '' WHERE owner = ${this.id}`.execute(trx);
      // The others know what was acknowledged; without any, the next start asks for this one's word.
      if ((await othersIn(trx)) === 0) return;
      await sql`UPDATE slots SET owner = '' WHERE slot = ${this.#slot} AND owner = ${this.id}`.execute(trx);
    });
  }

  #lose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#tellLoss();
    void this.#connection.close();
  }

  /** A session that was lost took its locks along; the next one takes them again, but only while the database names this process. */
  async #beat(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    const askedAt = performance.now();
    try {
      const found = await this.#ask();
      if (found?.owner !== this.id) this.#lose();
      else if (found.held) {
        this.#knownAt = askedAt;
        this.#others = found.others;
        if (!found.leads) this.#leadsFrom = undefined;
        else if (found.leader !== this.id) await this.#takeLead(found.formerHolder);
      }
    } catch {
      // `leads` turns false by itself; what is written meanwhile says why.
    } finally {
      this.#isBeating = false;
    }
  }

  async #ask(): Promise<Beat | undefined> {
    const slot = sql`${sql.lit(SLOT_LOCKS)}, ${sql.lit(this.#slot)}`;
    const { rows } = await this.#control.transaction().execute((trx) =>
      sql<Beat>`SELECT own.owner, lead.owner AS leader, lead.holder AS "formerHolder", ${others()} AS others,
          CASE WHEN own.owner = ${this.id} THEN ${isHeld(slot)} OR pg_try_advisory_lock(${slot}) END AS held,
          CASE WHEN own.owner = ${this.id} THEN ${isHeld(LEADER_LOCK)} OR pg_try_advisory_lock(${LEADER_LOCK}) END
            AS leads
        FROM set_config('idle_session_timeout', ${SILENT_FOR}, false), slots own, slots lead
        WHERE own.slot = ${this.#slot} AND lead.slot = ${LEADER_SLOT}`.execute(trx),
    );
    return rows[0];
  }

  async #takeLead(formerHolder: string): Promise<void> {
    this.#leadsFrom = undefined;
    await this.#control.transaction().execute(async (trx) => {
      await inTurn(trx);
      await putOwner(trx, LEADER_SLOT, this.id);
    });
    this.#leadsFrom = performance.now() + (formerHolder === '' ? 0 : TRUSTED_MS);
  }
}

/** Behind the change and the group of records that are under way. */
async function inTurn(trx: Trx): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(4711, 0), pg_advisory_xact_lock(4711, 1)`.execute(trx);
}

async function putOwner(trx: Trx, slot: number, id: string): Promise<void> {
  const holder = `${hostname()} ${process.pid}`;
  await sql`UPDATE slots SET owner = ${id}, holder = ${holder} WHERE slot = ${slot}`.execute(trx);
}

/** There is no other front: what the last ones left is this one's. */
async function takeAll(trx: Trx, slot: number, id: string): Promise<void> {
  await sql`UPDATE slots SET owner = '', holder = '' WHERE slot NOT IN (${LEADER_SLOT}, ${slot})`.execute(
    trx,
  );
  await sql`SELECT pg_try_advisory_lock(${LEADER_LOCK})`.execute(trx);
  await putOwner(trx, LEADER_SLOT, id);
}

async function othersIn(trx: Trx): Promise<number> {
  const { rows } = await sql<{ others: number }>`SELECT ${others()} AS others`.execute(trx);
  return rows[0]?.others ?? 0;
}

/** Whether the front of that id still has a slot. */
export async function isThere(trx: Trx, id: string): Promise<boolean> {
  const { rows } = await sql<{ there: number }>`SELECT EXISTS (SELECT FROM slots s JOIN pg_locks l
      ON ${ADVISORY} AND l.classid = ${sql.lit(SLOT_LOCKS)} AND l.objid::bigint = s.slot
      WHERE s.owner = ${id} AND s.slot <> ${LEADER_SLOT})::int AS there`.execute(trx);
  return rows[0]?.there === 1;
}

/** One front begins at a time, and none while another has to be alone. */
async function lockStart(control: Kysely<Schema>, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await tryLock(control, START_LOCK))) {
    if (performance.now() >= deadline) throw inUse();
    await pause(BETWEEN_TRIES_MS);
  }
}

async function lockSlot(control: Kysely<Schema>, isShared: boolean): Promise<number> {
  const deadline = performance.now() + ALONE_WITHIN_MS;
  while (!isShared && (await control.transaction().execute(othersIn)) > 0) {
    if (performance.now() >= deadline) throw inUse();
    await pause(BETWEEN_TRIES_MS);
  }
  for (let slot = 1; slot <= MOST_FRONTS; slot += 1) {
    if (await tryLock(control, sql`${sql.lit(SLOT_LOCKS)}, ${sql.lit(slot)}`)) return slot;
  }
  throw new KeywardError('database_in_use', `${MOST_FRONTS} fronts have this database, and it takes no more`);
}

async function tryLock(control: Kysely<Schema>, lock: RawBuilder<unknown>): Promise<boolean> {
  const { rows } = await control
    .transaction()
    .execute((trx) => sql<{ held: number }>`SELECT pg_try_advisory_lock(${lock}) AS held`.execute(trx));
  return rows[0]?.held === 1;
}

function inUse(): KeywardError {
  return new KeywardError(
    'database_in_use',
    'another process of Keyward has this database; stop it first, or give this one a database of its own',
  );
}

const ADVISORY = sql`locktype = 'advisory' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** How many other fronts hold a slot. */
function others() {
  return sql`(SELECT count(*) FROM pg_locks
    WHERE ${ADVISORY} AND classid = ${sql.lit(SLOT_LOCKS)} AND pid <> pg_backend_pid())::int`;
}

/** A lock that is asked for twice would have to be given back twice. */
function isHeld(lock: RawBuilder<unknown>) {
  return sql`EXISTS (SELECT FROM pg_locks
    WHERE ${ADVISORY} AND (classid::int, objid::int) = (${lock}) AND pid = pg_backend_pid())`;
}
