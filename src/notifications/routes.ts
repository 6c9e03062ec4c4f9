import { z } from 'zod';
import type { Authenticator } from '../kernel/actor.ts';
import type { NotificationDesk } from '../kernel/notifications.ts';
import { actorOf, CHANGING, READING } from '../server/actor.ts';
import { readJson } from '../server/read-body.ts';
import { jsonBody } from '../server/requests.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import {
  delivery,
  deliveryPath,
  deliveryQuery,
  deliveryRepresentation,
  targetTest,
  targetTestRequest,
} from '../server/schemas/notification.ts';
import { sendJson } from '../server/send.ts';
import { validated } from '../server/validated.ts';

interface NotificationParts {
  readonly authenticator: Authenticator;
  readonly notifications: NotificationDesk;
}

const BODY = { schema: targetTestRequest, maxBytes: 1024, maxDepth: 2, tooDeep: 'malformed_json' } as const;

const testNotifications: Route<NotificationParts> = {
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

const listDeliveries: Route<NotificationParts> = {
  method: 'get',
  path: '/v1/admin/notifications/deliveries',
  operation: {
    operationId: 'listNotificationDeliveries',
    summary: 'What was sent, is to be sent, or was given up, the newest first; any role',
    security: [{ operator: [] }],
    requestParams: { query: deliveryQuery },
    responses: {
      ...json('200', 'Deliveries', z.object({ deliveries: z.array(delivery) })),
      ...problems(CODES.operator, CODES.schema, ['store_unavailable']),
    },
  },
  handler:
    ({ authenticator, notifications }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      const { before, limit, ...asked } = validated(deliveryQuery, { ...request.query });
      const deliveries = await notifications.list(asked, { before, limit });
      sendJson(response, 200, { deliveries: deliveries.map(deliveryRepresentation) });
    },
};

const replayDelivery: Route<NotificationParts> = {
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
