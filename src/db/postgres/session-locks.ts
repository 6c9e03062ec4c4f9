import { setTimeout as pause } from 'node:timers/promises';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { KeywardError } from '../../kernel/errors.ts';
import type { Schema, Trx } from '../schema.ts';
import { MOST_FRONTS } from './own-objects.ts';

/** Locks of a session: of the front that leads, of one that begins or is to be alone, and, by number, of each slot. */
export const LEADER_LOCK = sql`4711, 2`;
export const START_LOCK = sql`4711, 3`;
export const SLOT_LOCKS = 4712;

/** A process that was killed leaves a session behind until the server has noticed; another front may be starting. */
const [ALONE_WITHIN_MS, JOINED_WITHIN_MS, BETWEEN_TRIES_MS] = [5_000, 60_000, 250];

export async function othersIn(trx: Trx): Promise<number> {
  const { rows } = await sql<{ others: number }>`SELECT ${others()} AS others`.execute(trx);
  return rows[0]?.others ?? 0;
}

export async function tryLock(control: Kysely<Schema>, lock: RawBuilder<unknown>): Promise<boolean> {
  const { rows } = await control
    .transaction()
    .execute((trx) => sql<{ held: number }>`SELECT pg_try_advisory_lock(${lock}) AS held`.execute(trx));
  return rows[0]?.held === 1;
}

const ADVISORY = sql`locktype = 'advisory' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** The slots `s` of fronts that live, each with its lock. Nobody locks the one that names the leader. */
export const HELD_SLOTS = sql`slots s JOIN pg_locks
  ON ${ADVISORY} AND classid = ${sql.lit(SLOT_LOCKS)} AND objid::bigint = s.slot`;

/** How many other fronts hold a slot. */
export function others() {
  return sql`(SELECT count(*) FROM pg_locks
    WHERE ${ADVISORY} AND classid = ${sql.lit(SLOT_LOCKS)} AND pid <> pg_backend_pid())::int`;
}

export function isHeldByAny(lock: RawBuilder<unknown>) {
  return sql`EXISTS (SELECT FROM pg_locks WHERE ${ADVISORY} AND (classid::int, objid::int) = (${lock}))`;
}

/** A lock that is asked for twice would have to be given back twice. */
export function isHeld(lock: RawBuilder<unknown>) {
  return sql`EXISTS (SELECT FROM pg_locks
    WHERE ${ADVISORY} AND (classid::int, objid::int) = (${lock}) AND pid = pg_backend_pid())`;
}

/** One front begins at a time, and none while another has to be alone. */
export async function lockStart(control: Kysely<Schema>, isShared: boolean): Promise<void> {
  const deadline = performance.now() + (isShared ? JOINED_WITHIN_MS : ALONE_WITHIN_MS);
  while (!(await tryLock(control, START_LOCK))) {
    if (performance.now() >= deadline) throw inUse();
    await pause(BETWEEN_TRIES_MS);
  }
}

/** Answers its number. */
export async function lockSlot(control: Kysely<Schema>, isShared: boolean): Promise<number> {
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

function inUse(): KeywardError {
  return new KeywardError(
    'database_in_use',
    'another process of Keyward has this database; stop it first, or give this one a database of its own',
  );
}

/** Behind the change and the group of records that are under way. */
export async function inTurn(trx: Trx): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(4711, 0), pg_advisory_xact_lock(4711, 1)`.execute(trx);
}
