import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Schema, Trx } from '../schema.ts';

/** Locks of a session: of the front that leads, of one that begins or is to be alone, and, by number, of each slot. */
export const LEADER_LOCK = sql`4711, 2`;
export const START_LOCK = sql`4711, 3`;
export const SLOT_LOCKS = 4712;

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

export const ADVISORY = sql`locktype = 'advisory' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

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
