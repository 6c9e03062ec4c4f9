import type { Transaction } from 'kysely';
import type { AwaitedAcknowledgement } from '../kernel/notifications.ts';
import type { Schema } from './schema.ts';

type Trx = Transaction<Schema>;

/** Events that wait for somebody at a time: with as many open, those that are there have called everybody. */
const MOST_AWAITED = 1_000;

export async function wait(trx: Trx, awaited: readonly AwaitedAcknowledgement[]): Promise<void> {
  if (awaited.length === 0) return;
  const { count } = await trx
    .selectFrom('notification_awaited')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const taken = awaited.slice(0, Math.max(0, MOST_AWAITED - count));
  if (taken.length === 0) return;
  await trx
    .insertInto('notification_awaited')
    .values(
      taken.map(({ eventSequence, route, dueAt }) => ({
        event_sequence: eventSequence,
        route,
        due_at: dueAt,
      })),
    )
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
    .limit(limit)
    .execute();
  return rows.map(({ event_sequence, route, due_at }) => ({
    eventSequence: event_sequence,
    route,
    dueAt: due_at,
  }));
}
