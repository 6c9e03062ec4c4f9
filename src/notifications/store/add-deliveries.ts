import { randomBytes } from 'node:crypto';
import { type Insertable, type Selectable, sql } from 'kysely';
import { camelCased } from '../../db/camel-case.ts';
import type { Schema, Trx } from '../../db/schema.ts';
import type { NotificationDelivery, PlannedDelivery } from '../delivery.ts';

type Table = Schema['notification_deliveries'];

const OWN_RECIPIENTS = '';

export function deliveryFromRow(row: Selectable<Table>): NotificationDelivery {
  const { typesJson, contactsOf, ...same } = camelCased(row);
  return {
    ...same,
    types: JSON.parse(typesJson) as string[],
    contactsOf: contactsOf === OWN_RECIPIENTS ? null : contactsOf,
  };
}

/** As it is before its first attempt. */
function newDeliveryRow(planned: PlannedDelivery, createdAt: number): Insertable<Table> {
  const { kind, eventSequence, type, severity, route, target } = planned;
  return {
    // Random, since receivers know the messages of several services by it.
    message_id: `msg_${randomBytes(18).toString('base64url')}`,
    kind,
    event_sequence: eventSequence,
    last_sequence: eventSequence,
    events: 1,
    types_json: JSON.stringify([type]),
    severity,
    route,
    target,
    contacts_of: contactsColumn(planned),
    state: 'pending',
    attempts: 0,
    created_at: createdAt,
    next_attempt_at: createdAt,
    settled_at: null,
    last_error: null,
  };
}

function contactsColumn({ contactsOf }: Pick<PlannedDelivery, 'contactsOf'>): string {
  return contactsOf ?? OWN_RECIPIENTS;
}

/** What comes thicker than the recipients can read is summed up: one summary a window tells of it. */
const WINDOW_SECONDS = 600;
/** What is critical is summed up at once, and what comes on top of that once a minute. */
const CRITICAL_SUMMARY_SECONDS = 60;
/** Of a target that has been away for long; what is above is summed up, too. */
const MOST_PENDING = 10_000;
/** Both engines bound how many values a statement has. */
const ROWS_AT_A_TIME = 500;

/**
 * The same one once more is sent once more, whatever a row under its key says was done. Each severity has a window of its own: who can
 * bring about warnings mutes nothing critical. A few statements for each target, however much there is: what writes
 * records waits behind it.
 */
export async function addDeliveries(
  trx: Trx,
  planned: readonly PlannedDelivery[],
  now: number,
): Promise<void> {
  const alike = Map.groupBy(planned, ({ target, contactsOf, severity }) =>
    JSON.stringify([target, contactsOf, severity]),
  );
  for (const all of alike.values()) {
    const room = await roomFor(trx, all, now);
    await addEach(trx, all.slice(0, room), now);
    await sumUp(trx, all.slice(room), now);
  }
}

/** To one recipient, of one severity. */
type Alike = readonly PlannedDelivery[];

async function roomFor(trx: Trx, [first]: Alike, now: number): Promise<number> {
  if (!first) return 0;
  const ofTarget = trx
    .selectFrom('notification_deliveries')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('target', '=', first.target)
    .where('severity', '=', first.severity);
  const recent = await ofTarget
    .where('contacts_of', '=', contactsColumn(first))
    .where('created_at', '>', now - WINDOW_SECONDS)
    .where('kind', '<>', 'summary')
    .executeTakeFirstOrThrow();
  const pending = await ofTarget.where('state', '=', 'pending').executeTakeFirstOrThrow();
  return Math.max(0, Math.min(first.mostPerWindow - recent.count, MOST_PENDING - pending.count));
}

async function addEach(trx: Trx, planned: Alike, now: number): Promise<void> {
  // A statement that meets one key twice is refused by PostgreSQL.
  const once = [...new Map(planned.map((each) => [keyOf(each), each])).values()];
  for (let at = 0; at < once.length; at += ROWS_AT_A_TIME) {
    await trx
      .insertInto('notification_deliveries')
      .values(once.slice(at, at + ROWS_AT_A_TIME).map((each) => newDeliveryRow(each, now)))
      .onConflict((conflict) =>
        conflict
          .columns(['event_sequence', 'kind', 'route', 'target', 'contacts_of'])
          .doUpdateSet({ state: 'pending', attempts: 0, next_attempt_at: now, settled_at: null }),
      )
      .execute();
  }
}

function keyOf({ eventSequence, kind, route, target, contactsOf }: PlannedDelivery): string {
  return JSON.stringify([eventSequence, kind, route, target, contactsOf]);
}

/** Into the summary that waits for its time, or into a new one. */
async function sumUp(trx: Trx, planned: Alike, now: number): Promise<void> {
  const [first] = planned;
  if (!first) return;
  const sequences = planned.map(({ eventSequence }) => eventSequence);
  const last = Math.max(...sequences);
  const types = planned.map(({ type }) => type);
  const waiting = await summariesLike(trx, first)
    .where('state', '=', 'pending')
    .where('next_attempt_at', '>', now)
    .where('attempts', '=', 0)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  if (waiting) {
    await trx
      .updateTable('notification_deliveries')
      .set({
        last_sequence: sql`case when last_sequence < ${last} then ${last} else last_sequence end`,
        events: sql`events + ${planned.length}`,
        types_json: eachOnce([...(JSON.parse(waiting.types_json) as string[]), ...types]),
      })
      .where('id', '=', waiting.id)
      .execute();
    return;
  }
  const summary = newDeliveryRow({ ...first, eventSequence: Math.min(...sequences) }, now);
  await trx
    .insertInto('notification_deliveries')
    .values({
      ...summary,
      kind: 'summary',
      last_sequence: last,
      events: planned.length,
      types_json: eachOnce(types),
      next_attempt_at: await summaryDue(trx, first, now),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function summaryDue(trx: Trx, like: PlannedDelivery, now: number): Promise<number> {
  if (like.severity !== 'critical') return now + WINDOW_SECONDS;
  const justBefore = await summariesLike(trx, like)
    .where('created_at', '>', now - CRITICAL_SUMMARY_SECONDS)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return justBefore ? now + CRITICAL_SUMMARY_SECONDS : now;
}

function summariesLike(trx: Trx, like: PlannedDelivery) {
  return trx
    .selectFrom('notification_deliveries')
    .select(['id', 'types_json'])
    .where('target', '=', like.target)
    .where('contacts_of', '=', contactsColumn(like))
    .where('severity', '=', like.severity)
    .where('kind', '=', 'summary');
}

function eachOnce(types: readonly string[]): string {
  return JSON.stringify([...new Set(types)]);
}
