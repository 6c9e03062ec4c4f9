import { z } from 'zod';
import type { Authenticator } from '../kernel/actor.ts';
import { SEVERITIES } from '../kernel/security-event-types.ts';
import { actorOf, CHANGING, jsonBody, READING } from '../server/admission.ts';
import { readJson, validated } from '../server/read-body.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { sendJson } from '../server/send.ts';
import { afterNumber, nextNumber, pageOf, wholeNumberText, wireText } from '../server/wire.ts';
import {
  DELIVERY_KINDS,
  DELIVERY_STATES,
  type NotificationDelivery,
  type NotificationService,
} from './delivery.ts';

const targetName = wireText('name one target')
  .min(1, 'name one target')
  .max(32, 'the name of a target is shorter')
  .meta({ description: 'By its name in the configuration.' });

/** Names one delivery in a path. */
const deliveryPath = z.strictObject({ id: wholeNumberText('use the id of the delivery') });

const deliveryQuery = afterNumber.extend({
  state: z.enum(DELIVERY_STATES).optional(),
  target: targetName.optional(),
});

const targetTestRequest = z
  .strictObject({ target: targetName.optional() })
  .meta({ id: 'NotificationTestRequest' });

const targetTest = z
  .object({
    target: z.string(),
    type: z.string().meta({ examples: ['webhook'] }),
    ok: z.boolean(),
    error: z.string().nullable().meta({ description: 'Null where the target took it.' }),
  })
  .meta({ id: 'NotificationTest' });
export type TargetTestAnswer = z.infer<typeof targetTest>;

const delivery = z
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
export type DeliveryAnswer = z.infer<typeof delivery>;

function deliveryRepresentation(of: NotificationDelivery): DeliveryAnswer {
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

interface NotificationDeps {
  readonly authenticator: Authenticator;
  readonly notifications: NotificationService;
}

const BODY = { schema: targetTestRequest, maxBytes: 1024, maxDepth: 2, tooDeep: 'malformed_json' } as const;

const testNotifications: Route<NotificationDeps> = {
  method: 'post',
  path: '/v1/admin/notifications/test',
  operation: {
    operationId: 'testNotifications',
    summary: 'Send a test message to every notification target, or to one; role `operator`',
    description: 'Answers within the deadline of an attempt. One test at a time.',
    security: [{ operator: [] }],
    requestBody: jsonBody(targetTestRequest, BODY),
    responses: {
      ...json('200', 'How each of them took it', z.object({ tests: z.array(targetTest) })),
      ...problems(CODES.operator, CODES.body, CODES.schema, ['unknown_target', 'store_unavailable']),
    },
  },
  handler:
    ({ authenticator, notifications }) =>
    async (request, response) => {
      const actor = actorOf(authenticator, CHANGING, request, response);
      const { target } = await readJson(request, BODY);
      sendJson(response, 200, { tests: await notifications.test(target, actor) });
    },
};

const deliveryPage = z.object({ deliveries: z.array(delivery), next: nextNumber });
export type DeliveryPageAnswer = z.infer<typeof deliveryPage>;

const listDeliveries: Route<NotificationDeps> = {
  method: 'get',
  path: '/v1/admin/notifications/deliveries',
  operation: {
    operationId: 'listNotificationDeliveries',
    summary: 'What was sent, is to be sent, or was given up, the newest first; any role',
    security: [{ operator: [] }],
    requestParams: { query: deliveryQuery },
    responses: {
      ...json('200', 'Deliveries', deliveryPage),
      ...problems(CODES.operator, CODES.schema, ['store_unavailable']),
    },
  },
  handler:
    ({ authenticator, notifications }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      const { after, limit, ...asked } = validated(deliveryQuery, { ...request.query });
      const found = await notifications.list(asked, { before: after, limit: limit + 1 });
      const { page, next } = pageOf(found, limit, ({ id }) => id);
      sendJson(response, 200, { deliveries: page.map(deliveryRepresentation), next });
    },
};

const replayDelivery: Route<NotificationDeps> = {
  method: 'post',
  path: '/v1/admin/notifications/deliveries/{id}/replay',
  operation: {
    operationId: 'replayNotificationDelivery',
    summary: 'Send a delivery that was given up once more; role `operator`',
    description: 'With all its attempts anew, and under the same message id.',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'The delivery as it stands', z.object({ delivery })),
      ...problems(CODES.operator, CODES.schema, [
        'unknown_delivery',
        'delivery_not_dead',
        'unknown_target',
        'store_unavailable',
      ]),
    },
  },
  handler:
    ({ authenticator, notifications }) =>
    async (request, response) => {
      const actor = actorOf(authenticator, CHANGING, request, response);
      const { id } = validated(deliveryPath, { ...request.params });
      sendJson(response, 200, { delivery: deliveryRepresentation(await notifications.replay(id, actor)) });
    },
};

export const adminNotificationRoutes = [testNotifications, listDeliveries, replayDelivery];
