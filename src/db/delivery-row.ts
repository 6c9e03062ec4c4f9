import { randomBytes } from 'node:crypto';
import type { Insertable, Selectable } from 'kysely';
import type { NotificationDelivery, PlannedDelivery } from '../kernel/notifications.ts';
import type { Schema } from './schema.ts';

type Table = Schema['notification_deliveries'];

const OWN_RECIPIENTS = '';

export function deliveryFromRow(row: Selectable<Table>): NotificationDelivery {
  return {
    id: row.id,
    messageId: row.message_id,
    kind: row.kind,
    eventSequence: row.event_sequence,
    lastSequence: row.last_sequence,
    events: row.events,
    types: JSON.parse(row.types_json) as string[],
    severity: row.severity,
    route: row.route,
    target: row.target,
    contactsOf: row.contacts_of === OWN_RECIPIENTS ? null : row.contacts_of,
    state: row.state,
    attempts: row.attempts,
    createdAt: row.created_at,
    nextAttemptAt: row.next_attempt_at,
    settledAt: row.settled_at,
    lastError: row.last_error,
  };
}

/** As it is before its first attempt. */
export function newDeliveryRow(planned: PlannedDelivery, createdAt: number): Insertable<Table> {
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

export function contactsColumn({ contactsOf }: Pick<PlannedDelivery, 'contactsOf'>): string {
  return contactsOf ?? OWN_RECIPIENTS;
}
