import type { Selectable } from 'kysely';
import { camelCased, snakeCased } from '../../db/camel-case.ts';
import type { Schema, Trx } from '../../db/schema.ts';
import type { AwaitedAcknowledgement, TidyLimits } from '../delivery.ts';

type Row = Selectable<Schema['notification_deliveries']>;

/** Rows that are kept in mind; a target that has been away for long has more. */
const MOST_REMEMBERED = 5_000;
/** No attempt is put off for longer. */
const LONGEST_WAIT_SECONDS = 86_400;

/**
 * What waited to be sent when this process last looked. A row that is gone, settled or rewritten without this
 * process having done it is put back.
 */
export class DeliveryMemory {
  #waiting = new Map<number, Row>();

  /** This process settled it. */
  settled(id: number): void {
    this.#waiting.delete(id);
  }

  /** This process may have settled any of them. */
  forget(): void {
    this.#waiting.clear();
  }

  /** Answers how many rows were put back. */
  async reconcile(trx: Trx, now: number): Promise<number> {
    const table = trx.selectFrom('notification_deliveries').selectAll();
    const known = [...this.#waiting.values()];
    const ids = known.map(({ id }) => id);
    const found = ids.length === 0 ? [] : await table.where('id', 'in', ids).execute();
    const byId = new Map(found.map((row) => [row.id, row]));
    const lost = known.filter((row) => !isSame(row, byId.get(row.id)));
    for (const row of lost) await putBack(trx, row, now);
    const delayed = await trx
      .updateTable('notification_deliveries')
      .set({ next_attempt_at: now })
      .where('state', '=', 'pending')
      .where((eb) =>
        eb.or([eb('next_attempt_at', 'is', null), eb('next_attempt_at', '>', now + LONGEST_WAIT_SECONDS)]),
      )
      .executeTakeFirst();
    const waiting = await table.where('state', '=', 'pending').orderBy('id').limit(MOST_REMEMBERED).execute();
    this.#waiting = new Map(waiting.map((row) => [row.id, row]));
    return lost.length + Number(delayed.numUpdatedRows);
  }
}

/** A summary grows while it waits, and each attempt moves the next one. */
function isSame(known: Row, found: Row | undefined): boolean {
  if (!found) return false;
  const { last_sequence, events, types_json, attempts, next_attempt_at, last_error, ...fixed } = known;
  return Object.entries(fixed).every(([name, value]) => found[name as keyof Row] === value);
}

async function putBack(trx: Trx, { id, ...row }: Row, now: number): Promise<void> {
  await trx
    .deleteFrom('notification_deliveries')
    .where((eb) => eb.or([eb('id', '=', id), eb('message_id', '=', row.message_id)]))
    .execute();
  await trx
    .insertInto('notification_deliveries')
    .values({ ...row, next_attempt_at: Math.min(row.next_attempt_at ?? now, now) })
    .onConflict((conflict) =>
      conflict
        .columns(['event_sequence', 'kind', 'route', 'target', 'contacts_of'])
        .doUpdateSet({ state: 'pending', settled_at: null, next_attempt_at: now }),
    )
    .execute();
}

/** Events that wait for somebody at a time: with as many open, those that are there have called everybody. */
const MOST_AWAITED = 1_000;

export async function wait(trx: Trx, awaited: readonly AwaitedAcknowledgement[]): Promise<void> {
  if (awaited.length === 0) return;
  const { count } = await trx
    .selectFrom('notification_awaited')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  // A statement that meets one key twice is refused by PostgreSQL.
  const once = [...new Map(awaited.map((each) => [each.eventSequence, each])).values()];
  const taken = once.slice(0, Math.max(0, MOST_AWAITED - count));
  if (taken.length === 0) return;
  await trx
    .insertInto('notification_awaited')
    .values(taken.map(({ eventSequence, route, dueAt }) => snakeCased({ eventSequence, route, dueAt })))
    .onConflict((conflict) =>
      conflict.column('event_sequence').doUpdateSet((eb) => ({
        route: eb.ref('excluded.route'),
        due_at: eb.ref('excluded.due_at'),
      })),
    )
    .execute();
}

export async function waitNoMore(trx: Trx, sequences: readonly number[]): Promise<void> {
  if (sequences.length === 0) return;
  await trx.deleteFrom('notification_awaited').where('event_sequence', 'in', sequences).execute();
}

/** The longest overdue first. */
export async function overdue(trx: Trx, now: number, limit: number): Promise<AwaitedAcknowledgement[]> {
  const rows = await trx
    .selectFrom('notification_awaited')
    .selectAll()
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .orderBy('event_sequence')
    .limit(limit)
    .execute();
  return rows.map(camelCased);
}

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
    .orderBy('id')
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
    .orderBy('settled_at')
    .orderBy('id')
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
