import { sql } from 'kysely';
import type { Trx } from '../schema.ts';
import { LEADER_SLOT } from './own-objects.ts';
import { ADVISORY, SLOT_LOCKS } from './session-locks.ts';

export interface LivingFront {
  /** Where and what it is, for people. */
  readonly holder: string;
  /** The number of the newest migration that it knows. */
  readonly code: number;
}

/** The other fronts that hold a slot. */
export async function livingFronts(trx: Trx): Promise<readonly LivingFront[]> {
  const { rows } =
    await sql<LivingFront>`SELECT holder, code FROM slots JOIN pg_locks l ON l.objid::bigint = slot
    WHERE ${ADVISORY} AND classid = ${sql.lit(SLOT_LOCKS)} AND pid <> pg_backend_pid() ORDER BY slot`.execute(
      trx,
    );
  return rows;
}

/** Whether the front of that id still has a slot. */
export async function isThere(trx: Trx, id: string): Promise<boolean> {
  const { rows } = await sql<{ there: number }>`SELECT EXISTS (SELECT FROM slots s JOIN pg_locks l
      ON ${ADVISORY} AND l.classid = ${sql.lit(SLOT_LOCKS)} AND l.objid::bigint = s.slot
      WHERE s.owner = ${id} AND s.slot <> ${sql.lit(LEADER_SLOT)})::int AS there`.execute(trx);
  return rows[0]?.there === 1;
}

/** Behind the change and the group of records that are under way. */
export async function inTurn(trx: Trx): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(4711, 0), pg_advisory_xact_lock(4711, 1)`.execute(trx);
}
