import { sql } from 'kysely';

/**
 * Records are indexed by digest within slots of 16 seconds of `iat`. Digests are random: in one index over all of
 * them each record would fall on another page, and the more there are the more a record costs. The digest covers
 * `iat`, so within its slot it is as unique as it is among all.
 */
const SLOT_BITS = 4;
export const SLOT_SECONDS = 1 << SLOT_BITS;

/** To the letter as in the index, or SQLite does not use it. */
export const slotOfRow = sql<number>`iat >> ${sql.lit(SLOT_BITS)}`;

export function slotOf(iat: number): number {
  return Math.floor(iat / SLOT_SECONDS);
}
