import { sql, type Transaction } from 'kysely';
import type { PlannedDelivery } from '../domain/notifications.ts';
import { SEVERITIES, type Severity } from '../domain/security-event-types.ts';
import { contactsColumn, newDeliveryRow } from './delivery-row.ts';
import type { Schema } from './schema.ts';

type Trx = Transaction<Schema>;

/** What comes thicker than the recipients can read is summed up: one summary a window tells of it. */
const WINDOW_SECONDS = 600;
/** Of a target that has been away for long; what is above is summed up, too. */
const MOST_PENDING = 10_000;
/** SQLite bounds how many values a statement has. */
const ROWS_AT_A_TIME = 500;

/**
 * The same one once more changes nothing, unless it was summed up. A few statements for each target, however much
 * there is: what writes records waits behind it.
 */
export async function addDeliveries(
  trx: Trx,
  planned: readonly PlannedDelivery[],
  now: number,
): Promise<void> {
  const recipients = Map.groupBy(planned, (each) => JSON.stringify([each.target, each.contactsOf]));
  for (const all of recipients.values()) {
    const inOrder = all.toSorted((one, other) => rank(other.severity) - rank(one.severity));
    const room = await roomFor(trx, inOrder, now);
    await addEach(trx, inOrder.slice(0, room), now);
    await sumUp(trx, inOrder.slice(room), now);
  }
}

type OfOneRecipient = readonly PlannedDelivery[];

async function roomFor(trx: Trx, [first]: OfOneRecipient, now: number): Promise<number> {
  if (!first) return 0;
  const ofTarget = trx
    .selectFrom('notification_deliveries')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('target', '=', first.target);
  const recent = await ofTarget
    .where('contacts_of', '=', contactsColumn(first))
    .where('created_at', '>', now - WINDOW_SECONDS)
    .where('kind', '<>', 'summary')
    .executeTakeFirstOrThrow();
  const pending = await ofTarget.where('state', '=', 'pending').executeTakeFirstOrThrow();
  return Math.max(0, Math.min(first.mostPerWindow - recent.count, MOST_PENDING - pending.count));
}

async function addEach(trx: Trx, planned: OfOneRecipient, now: number): Promise<void> {
  for (let at = 0; at < planned.length; at += ROWS_AT_A_TIME) {
    await trx
      .insertInto('notification_deliveries')
      .values(planned.slice(at, at + ROWS_AT_A_TIME).map((each) => newDeliveryRow(each, now)))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Into the summary that waits for the end of its window, or into a new one. */
async function sumUp(trx: Trx, planned: OfOneRecipient, now: number): Promise<void> {
  const [worst] = planned;
  if (!worst) return;
  const sequences = planned.map(({ eventSequence }) => eventSequence);
  const last = Math.max(...sequences);
  const waiting = await trx
    .selectFrom('notification_deliveries')
    .select(['id', 'severity'])
    .where('target', '=', worst.target)
    .where('state', '=', 'pending')
    .where('next_attempt_at', '>', now)
    .where('kind', '=', 'summary')
    .where('attempts', '=', 0)
    .where('contacts_of', '=', contactsColumn(worst))
    .executeTakeFirst();
  if (waiting) {
    await trx
      .updateTable('notification_deliveries')
      .set({
        last_sequence: sql`max(last_sequence, ${last})`,
        events: sql`events + ${planned.length}`,
        severity: rank(waiting.severity) > rank(worst.severity) ? waiting.severity : worst.severity,
      })
      .where('id', '=', waiting.id)
      .execute();
    return;
  }
  const summary = newDeliveryRow({ ...worst, eventSequence: Math.min(...sequences) }, now);
  await trx
    .insertInto('notification_deliveries')
    .values({
      ...summary,
      kind: 'summary',
      last_sequence: last,
      events: planned.length,
      next_attempt_at: now + WINDOW_SECONDS,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

function rank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}
