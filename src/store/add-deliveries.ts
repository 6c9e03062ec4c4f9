import { sql, type Transaction } from 'kysely';
import type { PlannedDelivery } from '../domain/notifications.ts';
import { SEVERITIES, type Severity } from '../domain/security-event-types.ts';
import { contactsColumn, newDeliveryRow } from './delivery-row.ts';
import type { Schema } from './schema.ts';

type Trx = Transaction<Schema>;

/** What comes thicker than the recipients can read is summed up: one summary a window tells of it. */
export const WINDOW_SECONDS = 600;

/** The same one once more changes nothing. */
export async function addDeliveries(
  trx: Trx,
  planned: readonly PlannedDelivery[],
  now: number,
): Promise<void> {
  for (const each of planned) {
    if ((await countRecent(trx, each, now)) < each.mostPerWindow) await add(trx, each, now);
    else if (!(await isThere(trx, each))) await sumUp(trx, each, now);
  }
}

async function countRecent(trx: Trx, planned: PlannedDelivery, now: number): Promise<number> {
  const { count } = await trx
    .selectFrom('notification_deliveries')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('target', '=', planned.target)
    .where('contacts_of', '=', contactsColumn(planned))
    .where('created_at', '>', now - WINDOW_SECONDS)
    .where('kind', '<>', 'summary')
    .executeTakeFirstOrThrow();
  return count;
}

async function add(trx: Trx, planned: PlannedDelivery, now: number): Promise<void> {
  await trx
    .insertInto('notification_deliveries')
    .values(newDeliveryRow(planned, now))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function isThere(trx: Trx, planned: PlannedDelivery): Promise<boolean> {
  const found = await trx
    .selectFrom('notification_deliveries')
    .select('id')
    .where('event_sequence', '=', planned.eventSequence)
    .where('kind', '=', planned.kind)
    .where('route', '=', planned.route)
    .where('target', '=', planned.target)
    .where('contacts_of', '=', contactsColumn(planned))
    .executeTakeFirst();
  return found !== undefined;
}

/** Into the summary that waits for the end of its window, or into a new one. */
async function sumUp(trx: Trx, planned: PlannedDelivery, now: number): Promise<void> {
  const waiting = await trx
    .selectFrom('notification_deliveries')
    .select(['id', 'severity'])
    .where('target', '=', planned.target)
    .where('state', '=', 'pending')
    .where('next_attempt_at', '>', now)
    .where('kind', '=', 'summary')
    .where('attempts', '=', 0)
    .where('contacts_of', '=', contactsColumn(planned))
    .executeTakeFirst();
  if (waiting) {
    await trx
      .updateTable('notification_deliveries')
      .set({
        last_sequence: sql`max(last_sequence, ${planned.eventSequence})`,
        events: sql`events + 1`,
        severity: worse(waiting.severity, planned.severity),
      })
      .where('id', '=', waiting.id)
      .execute();
    return;
  }
  await trx
    .insertInto('notification_deliveries')
    .values({ ...newDeliveryRow(planned, now), kind: 'summary', next_attempt_at: now + WINDOW_SECONDS })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

function worse(one: Severity, other: Severity): Severity {
  return SEVERITIES.indexOf(one) > SEVERITIES.indexOf(other) ? one : other;
}
