import type { Transaction } from 'kysely';
import type { TidyLimits } from '../kernel/notifications.ts';
import type { Schema } from './schema.ts';

type Trx = Transaction<Schema>;

/** At a time, of each kind. */
const LIMIT = 500;

/** Forgets what was settled long ago, and gives up what is pending for too long. Answers whether there is more. */
export async function tidyDeliveries(trx: Trx, limits: TidyLimits, now: number): Promise<boolean> {
  const { pendingSince, deliveredBefore, deadBefore, mostDead } = limits;
  const tooOld = trx
    .selectFrom('notification_deliveries')
    .select('id')
    .where('state', '=', 'pending')
    .where('created_at', '<', pendingSince)
    .limit(LIMIT);
  const { numUpdatedRows } = await trx
    .updateTable('notification_deliveries')
    .set({ state: 'dead', next_attempt_at: null, settled_at: now, last_error: 'not delivered in time' })
    .where('id', 'in', tooOld)
    .executeTakeFirst();
  const ids = [
    ...(await settledBefore(trx, 'delivered', deliveredBefore)),
    ...(await settledBefore(trx, 'dead', deadBefore)),
    ...(await oldestDead(trx, mostDead)),
  ];
  if (ids.length > 0) await trx.deleteFrom('notification_deliveries').where('id', 'in', ids).execute();
  return Number(numUpdatedRows) === LIMIT || ids.length >= LIMIT;
}

async function settledBefore(trx: Trx, state: 'delivered' | 'dead', before: number): Promise<number[]> {
  const rows = await trx
    .selectFrom('notification_deliveries')
    .select('id')
    .where('state', '=', state)
    .where('settled_at', '<', before)
    .limit(LIMIT)
    .execute();
  return rows.map(({ id }) => id);
}

/** What is above that many for each target. */
async function oldestDead(trx: Trx, most: number): Promise<number[]> {
  const targets = await trx
    .selectFrom('notification_deliveries')
    .select((eb) => ['target', eb.fn.countAll<number>().as('count')])
    .where('state', '=', 'dead')
    .groupBy('target')
    .execute();
  const ids: number[] = [];
  for (const { target, count } of targets.filter((each) => each.count > most)) {
    const rows = await trx
      .selectFrom('notification_deliveries')
      .select('id')
      .where('state', '=', 'dead')
      .where('target', '=', target)
      .orderBy('settled_at')
      .orderBy('id')
      .limit(Math.min(LIMIT, count - most))
      .execute();
    ids.push(...rows.map(({ id }) => id));
  }
  return ids;
}
