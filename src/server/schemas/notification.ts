import { z } from 'zod';
import { DELIVERY_KINDS, DELIVERY_STATES, type NotificationDelivery } from '../../kernel/notifications.ts';
import { SEVERITIES } from '../../kernel/security-event-types.ts';
import { newestFirst } from '../wire.ts';
import { wholeNumberText } from './whole-number-text.ts';

const targetName = z
  .string('name one target')
  .min(1, 'name one target')
  .max(32, 'the name of a target is shorter')
  .meta({ description: 'By its name in the configuration.' });

/** Names one delivery in a path. */
export const deliveryPath = z.strictObject({ id: wholeNumberText('use the id of the delivery') });

export const deliveryQuery = newestFirst.extend({
  state: z.enum(DELIVERY_STATES).optional(),
  target: targetName.optional(),
});

export const targetTestRequest = z
  .strictObject({ target: targetName.optional() })
  .meta({ id: 'NotificationTestRequest' });

export const targetTest = z
  .object({
    target: z.string(),
    type: z.string(),
    ok: z.boolean(),
    error: z.string().nullable().meta({ description: 'Null where the target took it.' }),
  })
  .meta({ id: 'NotificationTest' });

export const delivery = z
  .object({
    id: z.int(),
    message_id: z.string().meta({ description: 'The same at each attempt: `webhook-id` of a webhook.' }),
    kind: z.enum(DELIVERY_KINDS),
    event: z.int().meta({ description: 'Sequence of the event; of a summary, of its first one.' }),
    last_event: z.int(),
    events: z.int().meta({ description: 'How many a summary tells of.' }),
    types: z.array(z.string()).meta({ description: 'Of the events that it tells of.' }),
    severity: z.enum(SEVERITIES),
    route: z.string(),
    target: z.string(),
    contacts_of: z.string().nullable().meta({ description: 'The scope whose contacts get it.' }),
    state: z.enum(DELIVERY_STATES),
    attempts: z.int(),
    created_at: z.int(),
    next_attempt_at: z.int().nullable(),
    settled_at: z.int().nullable(),
    last_error: z.string().nullable(),
  })
  .meta({ id: 'NotificationDelivery' });

export function deliveryRepresentation(of: NotificationDelivery): z.infer<typeof delivery> {
  return {
    id: of.id,
    message_id: of.messageId,
    kind: of.kind,
    event: of.eventSequence,
    last_event: of.lastSequence,
    events: of.events,
    types: [...of.types],
    severity: of.severity,
    route: of.route,
    target: of.target,
    contacts_of: of.contactsOf,
    state: of.state,
    attempts: of.attempts,
    created_at: of.createdAt,
    next_attempt_at: of.nextAttemptAt,
    settled_at: of.settledAt,
    last_error: of.lastError,
  };
}
