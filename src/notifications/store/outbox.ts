import { sql } from 'kysely';
import { appendAuditEvent } from '../../db/append-audit-event.ts';
import { camelCased } from '../../db/camel-case.ts';
import type { Trx, TrxReader, TrxWriter } from '../../db/schema.ts';
import { trackedEvent } from '../../events/index.ts';
import type { Actor } from '../../kernel/actor.ts';
import { actOf } from '../../kernel/audit.ts';
import type { Clock } from '../../kernel/clock.ts';
import { KeywardError } from '../../kernel/errors.ts';
import type {
  AttemptOutcome,
  DeliveryCounts,
  EventDelivery,
  NotificationDelivery,
  StoredNotifications,
} from '../delivery.ts';
import { addDeliveries, deliveryFromRow } from './add-deliveries.ts';
import { DeliveryMemory, overdue, tidyDeliveries, wait, waitNoMore } from './delivery-memory.ts';

export function createNotificationOutbox(
  reader: TrxReader,
  writer: TrxWriter,
  clock: Clock,
): StoredNotifications {
  const memory = new DeliveryMemory();
  return {
    place: () => reader.read(readPlace),
    record: ({ place, deliveries, awaited, takenUp }) =>
      writer.transaction(async (trx) => {
        await addDeliveries(trx, deliveries, clock.nowSeconds());
        await wait(trx, awaited);
        await waitNoMore(trx, takenUp);
        await movePlace(trx, place);
      }),
    unacknowledged: (now, limit) => reader.read((trx) => overdue(trx, now, limit)),
    escalate: ({ eventSequence }, deliveries, next) =>
      writer.transaction(async (trx) => {
        await waitNoMore(trx, [eventSequence]);
        if ((await trackedEvent(trx, eventSequence))?.state !== 'open') return;
        await addDeliveries(trx, deliveries, clock.nowSeconds());
        if (next) await wait(trx, [next]);
      }),
    due: (target, now, limit) => reader.read((trx) => due(trx, target, now, limit)),
    settle: (attempts) =>
      writer.transaction(async (trx) => {
        for (const { id, outcome } of attempts) {
          await settle(trx, id, outcome, clock.nowSeconds());
          if (outcome.state !== 'pending') memory.settled(id);
        }
      }),
    counts: () => reader.read(countByTarget),
    deliveriesOf: (sequences) => reader.read((trx) => deliveriesOf(trx, sequences)),
    reconcile: () => writer.transaction((trx) => memory.reconcile(trx, clock.nowSeconds())),
    abandonOthers: (targets) =>
      writer.transaction(async (trx) => {
        memory.forget();
        await abandonOthers(trx, targets, clock.nowSeconds());
      }),
    tidy: (limits) =>
      writer.transaction(async (trx) => {
        memory.forget();
        return await tidyDeliveries(trx, limits, clock.nowSeconds());
      }),
    list: ({ state, target }, { before, limit }) =>
      reader.read(async (trx) => {
        let found = trx.selectFrom('notification_deliveries').selectAll();
        if (state !== undefined) found = found.where('state', '=', state);
        if (target !== undefined) found = found.where('target', '=', target);
        if (before !== undefined) found = found.where('id', '<', before);
        return (await found.orderBy('id', 'desc').limit(limit).execute()).map(deliveryFromRow);
      }),
    find: (id) => reader.read((trx) => requireDelivery(trx, id)),
    revive: (id, actor) => writer.transaction((trx) => revive(trx, id, actor, clock.nowSeconds())),
  };
}

async function readPlace(trx: Trx): Promise<number | undefined> {
  return (await trx.selectFrom('notification_place').select('place').executeTakeFirst())?.place;
}

async function movePlace(trx: Trx, place: number): Promise<void> {
  await trx
    .insertInto('notification_place')
    .values({ id: 1, place })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ place }))
    .execute();
}

async function due(trx: Trx, target: string, now: number, limit: number): Promise<NotificationDelivery[]> {
  const rows = await trx
    .selectFrom('notification_deliveries')
    .selectAll()
    .where('target', '=', target)
    .where('state', '=', 'pending')
    // One further ahead than any backoff was set by a clock that was wrong.
    .where((eb) => eb.or([eb('next_attempt_at', '<=', now), eb('next_attempt_at', '>', now + 86_400)]))
    .orderBy(sql`case when severity = 'critical' then 0 else 1 end`)
    .orderBy('next_attempt_at')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(deliveryFromRow);
}

async function settle(trx: Trx, id: number, outcome: AttemptOutcome, now: number): Promise<void> {
  const ends = outcome.state !== 'pending';
  await trx
    .updateTable('notification_deliveries')
    .set((eb) => ({
      state: outcome.state,
      attempts: eb('attempts', '+', 1),
      next_attempt_at: ends ? null : outcome.nextAttemptAt,
      settled_at: ends ? now : null,
      last_error: outcome.state === 'delivered' ? outcome.note : outcome.error,
    }))
    .where('id', '=', id)
    .execute();
}

async function deliveriesOf(trx: Trx, sequences: readonly number[]): Promise<EventDelivery[]> {
  if (sequences.length === 0) return [];
  const [first, last] = [Math.min(...sequences), Math.max(...sequences)];
  const rows = await trx
    .selectFrom('notification_deliveries')
    .select(['kind', 'route', 'event_sequence', 'last_sequence', 'settled_at'])
    .where('event_sequence', '<=', last)
    .where('last_sequence', '>=', first)
    .orderBy('id')
    .execute();
  return rows.map(camelCased);
}

async function countByTarget(trx: Trx): Promise<DeliveryCounts> {
  const rows = await trx
    .selectFrom('notification_deliveries')
    .select((eb) => ['state', 'target', eb.fn.countAll<number>().as('count')])
    .where('state', 'in', ['pending', 'dead'])
    .groupBy(['state', 'target'])
    .execute();
  const of = (wanted: 'pending' | 'dead') =>
    Object.fromEntries(
      rows.filter(({ state }) => state === wanted).map(({ target, count }) => [target, count]),
    );
  return { pending: of('pending'), dead: of('dead') };
}

async function abandonOthers(trx: Trx, targets: readonly string[], now: number): Promise<void> {
  const pending = trx
    .updateTable('notification_deliveries')
    .set({
      state: 'dead',
      next_attempt_at: null,
      settled_at: now,
      last_error: 'the configuration no longer names the target',
    })
    .where('state', '=', 'pending');
  await (targets.length === 0 ? pending : pending.where('target', 'not in', targets)).execute();
}

async function requireDelivery(trx: Trx, id: number): Promise<NotificationDelivery> {
  const row = await trx
    .selectFrom('notification_deliveries')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return deliveryFromRow(row);
  throw new KeywardError('unknown_delivery', 'there is no delivery of this id; list them');
}

async function revive(trx: Trx, id: number, actor: Actor, now: number): Promise<NotificationDelivery> {
  const { state, target, eventSequence } = await requireDelivery(trx, id);
  if (state !== 'dead') {
    throw new KeywardError('delivery_not_dead', `it is ${state}; only a dead one is sent again`);
  }
  await trx
    .updateTable('notification_deliveries')
    .set({ state: 'pending', attempts: 0, next_attempt_at: now, settled_at: null })
    .where('id', '=', id)
    .execute();
  const details = { delivery: id, event: eventSequence };
  await appendAuditEvent(
    trx,
    actOf(actor, 'notification.replayed', `notification_target:${target}`, details),
    now,
  );
  return await requireDelivery(trx, id);
}
