import { sql } from 'kysely';
import type { Trx } from '../schema.ts';
import { HELD_SLOTS } from './session-locks.ts';

export interface LivingFront {
  /** Where and what it is, for people. */
  readonly holder: string;
  /** The number of the newest migration that it knows. */
  readonly code: number;
}

/** The other fronts that hold a slot. */
export async function livingFronts(trx: Trx): Promise<readonly LivingFront[]> {
  const { rows } =
    await sql<LivingFront>`SELECT s.holder, s.code FROM ${HELD_SLOTS} WHERE pid <> pg_backend_pid() ORDER BY s.slot`.execute(
      trx,
    );
  return rows;
}

/** Whether the front of that id still has a slot. */
export async function isThere(trx: Trx, id: string): Promise<boolean> {
  const { rows } = await sql<{ there: number }>`SELECT EXISTS (SELECT FROM ${HELD_SLOTS}
    WHERE s.owner = ${id})::int AS there`.execute(trx);
  return rows[0]?.there === 1;
}
