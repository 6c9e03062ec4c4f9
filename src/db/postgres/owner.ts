import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { systemClock } from '../../kernel/clock.ts';
import type { UnfinishedWork } from '../../kernel/registry.ts';
import { packageVersion } from '../../lib/version.ts';
import type { DatabaseOwner, Loss, SharedStanding } from '../engine.ts';
import { type Ownership, SEVERAL } from '../ledger-mark.ts';
import { codeOf, excluding, oldestCodeOf } from '../migrations/names.ts';
import type { Schema, Trx } from '../schema.ts';
import { Lead } from './lead.ts';
import type { LentConnection } from './lent-connection.ts';
import { PostgresNotes } from './note-board.ts';
import { LEADER_SLOT } from './own-objects.ts';
import type { OwnSchema } from './own-schema.ts';
import { tooOld } from './prepare-schema.ts';
import {
  inTurn,
  isHeld,
  isHeldByAny,
  LEADER_LOCK,
  lockSlot,
  lockStart,
  others,
  othersIn,
  SLOT_LOCKS,
  START_LOCK,
} from './session-locks.ts';

const BEAT_MS = 1_000;
/** So long after it was last known a lock counts as held. Whoever leads next waits that long, unless it was given back. */
const TRUSTED_MS = 4_000;
/** After it the server ends the session of a front that was stopped, or is cut off unseen, and frees its locks. */
const SILENT_FOR = sql`set_config('idle_session_timeout', '6s', false)`;
/** Nobody is at work so long: whoever would complete it later is refused. */
const ABANDONED_SECONDS = 600;
const ID_BYTES = 16;
const TAKEN: Loss = {
  event: 'database.taken',
  message: 'another process has taken the database; this one ends',
};

interface Slot {
  readonly slot: number;
  readonly owner: string;
  /** Where and what it is, for people; empty once it was given back. */
  readonly holder: string;
}

interface Taking {
  readonly prepare: () => Promise<OwnSchema>;
  /** Of `ReachedServer`. */
  readonly reached: SharedArrayBuffer;
  /** Told before the commit, whose answer may be lost. */
  readonly claim: (owner: Ownership) => void;
  /** Whether other fronts may have the database, too. */
  readonly isShared: boolean;
}

interface Taken extends Ownership {
  readonly slot: number;
  readonly own: OwnSchema;
  readonly reached: SharedArrayBuffer;
  readonly control: Kysely<Schema>;
  readonly connection: LentConnection;
}

interface Beat {
  readonly owner: string;
  readonly held: number | null;
  readonly others: number;
  readonly standbys: number;
  /** Those that were run, with a space between. */
  readonly migrations: string;
  readonly leader: string;
  readonly formerHolder: string;
  readonly leads: number | null;
  readonly isFree: number;
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
  readonly notes: PostgresNotes;
  /** The schema as this version makes it. */
  readonly own: OwnSchema;
  /** Of `ReachedServer`: all that this process asks of the database shares it. */
  readonly reached: SharedArrayBuffer;
  readonly #slot: number;
  readonly #control: Kysely<Schema>;
  readonly #connection: LentConnection;
  readonly #timer: NodeJS.Timeout;
  #knownAt = performance.now();
  readonly #lead = new Lead();
  #others: number;
  #hadOthers: boolean;
  #standbys: number | undefined;
  #tellLoss: (loss: Loss) => void = () => {};
  readonly lost: Promise<Loss> = new Promise((resolve) => {
    this.#tellLoss = resolve;
  });
  #isBeating = false;
  #isOver = false;

  /** `control`: over that connection, which nobody else uses. `database_in_use` where another process must be alone, or this one. */
  static async take(
    control: Kysely<Schema>,
    connection: LentConnection,
    { prepare, reached, claim, isShared }: Taking,
  ): Promise<PostgresOwner> {
    await lockStart(control, isShared);
    const own = await prepare();
    const slot = await lockSlot(control, isShared);
    const code = codeOf(own.migrations);
    const id = randomBytes(ID_BYTES).toString('base64url');
    const { before, ...found } = await control.transaction().execute(async (trx) => {
      await sql`SELECT ${SILENT_FOR}`.execute(trx);
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
      await putOwner(trx, slot, { id, code });
      await (isJoining ? dropOlder(trx, own) : takeAll(trx, slot, { id, code }));
      return { before, former, isJoining };
    });
    const owner = new PostgresOwner({ id, slot, ...found, own, reached, control, connection });
    if (found.isJoining) return owner;
    // The one before may still think it leads: what it began is undone after that.
    if (before.holder !== '') await pause(TRUSTED_MS);
    owner.#lead.take(performance.now());
    return owner;
  }

  private constructor({ id, former, isJoining, slot, own, reached, control, connection }: Taken) {
    this.id = id;
    this.former = former;
    this.isJoining = isJoining;
    this.notes = new PostgresNotes(control, id);
    this.own = own;
    this.reached = reached;
    this.#slot = slot;
    this.#others = isJoining ? 1 : 0;
    this.#hadOthers = isJoining;
    this.#control = control;
    this.#connection = connection;
    this.#timer = setInterval(() => void this.#beat(), BEAT_MS).unref();
  }

  // All are handed on without their object.
  readonly leads = (): boolean => {
    const now = performance.now();
    return this.#isKnown(now) && this.#lead.isHeld(now);
  };

  leadIf(isFit: () => boolean): void {
    this.#lead.leadIf(isFit);
  }

  readonly isAbandoned = ({ since }: UnfinishedWork): boolean =>
    this.#isKnown(performance.now()) &&
    (this.#others === 0 || systemClock.nowSeconds() - since > ABANDONED_SECONDS);

  get hadOthers(): boolean {
    return this.#hadOthers;
  }

  get seen(): SharedStanding | undefined {
    const standbysInSync = this.#standbys;
    if (!this.#isKnown(performance.now()) || standbysInSync === undefined) return undefined;
    return { fronts: this.#others + 1, standbysInSync };
  }

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

  #lose(loss: Loss): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#tellLoss(loss);
    void this.#connection.close();
  }

  /** A session that was lost took its locks along; the next one takes them again, but only while the database names this process. */
  async #beat(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    const askedAt = performance.now();
    try {
      const found = await this.#ask(this.#lead.isWanted(askedAt));
      const loss = found ? this.#lossBy(found) : TAKEN;
      if (loss) this.#lose(loss);
      else if (found?.held) {
        this.#knownAt = askedAt;
        this.#others = found.others;
        this.#hadOthers ||= found.others > 0;
        this.#standbys = found.standbys;
        await this.#leadBy(found, askedAt);
      }
    } catch {
      // `leads` turns false by itself; what is written meanwhile says why.
    } finally {
      this.#isBeating = false;
    }
  }

  /** A front whose session was lost unseen is none that a newer one had to wait for. */
  #lossBy({ migrations, owner }: Beat): Loss | undefined {
    const newer = excluding(migrations.split(' '), codeOf(this.own.migrations));
    if (newer !== undefined) return { event: 'database.upgraded', message: tooOld(newer) };
    return owner === this.id ? undefined : TAKEN;
  }

  async #ask(wantsLead: boolean): Promise<Beat | undefined> {
    const slot = sql`${sql.lit(SLOT_LOCKS)}, ${sql.lit(this.#slot)}`;
    const { rows } = await this.#control.transaction().execute((trx) =>
      sql<Beat>`SELECT own.owner, lead.owner AS leader, lead.holder AS "formerHolder", ${others()} AS others,
          ${STANDBYS_IN_SYNC} AS standbys, (SELECT string_agg(name, ' ') FROM kysely_migration) AS migrations,
          CASE WHEN own.owner = ${this.id} THEN ${isHeld(slot)} OR pg_try_advisory_lock(${slot}) END AS held,
          CASE WHEN own.owner = ${this.id}
            THEN ${isHeld(LEADER_LOCK)} OR (${sql.lit(wantsLead)} AND pg_try_advisory_lock(${LEADER_LOCK})) END AS leads,
          NOT ${isHeldByAny(LEADER_LOCK)} AS "isFree"
        FROM ${SILENT_FOR}, slots own, slots lead
        WHERE own.slot = ${this.#slot} AND lead.slot = ${LEADER_SLOT}`.execute(trx),
    );
    return rows[0];
  }

  async #leadBy({ leads, isFree, others, leader, formerHolder }: Beat, at: number): Promise<void> {
    if (this.#lead.see({ at, leads: Boolean(leads), isFree: Boolean(isFree), others }))
      await this.#offerLead();
    else if (leads && leader !== this.id) await this.#takeLead(formerHolder);
    else if (leads && !this.#lead.isTaken) this.#lead.take(at);
  }

  /** Whoever takes it waits as if this one knew nothing of it: what it began may be under way. */
  async #offerLead(): Promise<void> {
    this.#lead.offer(performance.now());
    await this.#control
      .transaction()
      .execute((trx) => sql`SELECT pg_advisory_unlock(${LEADER_LOCK})`.execute(trx));
  }

  async #takeLead(formerHolder: string): Promise<void> {
    await this.#control.transaction().execute(async (trx) => {
      await inTurn(trx);
      await putOwner(trx, LEADER_SLOT, { id: this.id, code: codeOf(this.own.migrations) });
    });
    this.#lead.take(performance.now() + (formerHolder === '' ? 0 : TRUSTED_MS));
  }
}

interface NewOwner {
  readonly id: string;
  readonly code: number;
}

async function putOwner(trx: Trx, slot: number, { id, code }: NewOwner): Promise<void> {
  const holder = `${hostname()} ${process.pid} ${packageVersion()}`;
  await sql`UPDATE slots SET owner = ${id}, holder = ${holder}, code = ${code} WHERE slot = ${slot}`.execute(
    trx,
  );
}

/** There is no other front: what the last ones left is this one's. */
async function takeAll(trx: Trx, slot: number, owner: NewOwner): Promise<void> {
  await sql`UPDATE slots SET owner = '', holder = '' WHERE slot NOT IN (${LEADER_SLOT}, ${slot})`.execute(
    trx,
  );
  await sql`SELECT pg_try_advisory_lock(${LEADER_LOCK})`.execute(trx);
  await putOwner(trx, LEADER_SLOT, owner);
}

/** Fronts that were cut off, and are too old for what was done without them: nothing that they send is written. */
async function dropOlder(trx: Trx, { migrations }: OwnSchema): Promise<void> {
  const code = oldestCodeOf(migrations);
  await sql`UPDATE slots SET owner = '' WHERE slot <> ${LEADER_SLOT} AND owner <> '' AND code < ${code}`.execute(
    trx,
  );
}

/** As `readFacts` counts them; none for a role that may not see them. */
const STANDBYS_IN_SYNC = sql`(SELECT count(*) FROM pg_stat_replication
  WHERE state = 'streaming' AND sync_state IN ('sync', 'quorum'))::int`;
