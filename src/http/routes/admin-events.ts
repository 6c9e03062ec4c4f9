import { z } from 'zod';
import type { Authenticator } from '../../domain/access.ts';
import type { EventDesk } from '../../domain/event-desk.ts';
import { actorOf, CHANGING, READING } from '../actor.ts';
import { readJson } from '../json-body.ts';
import { CODES, json, problems } from '../responses.ts';
import type { ApiRequest, Route } from '../route.ts';
import {
  acknowledgement,
  eventPath,
  eventQuery,
  eventRepresentation,
  resolution,
  securityEvent,
} from '../schemas/security-event.ts';
import { sendJson } from '../send.ts';
import { validated } from '../validated.ts';

interface EventParts {
  readonly authenticator: Authenticator;
  readonly securityEvents: EventDesk;
}

const BODY = { maxBytes: 16 * 1024, maxDepth: 2, tooDeep: 'malformed_json' } as const;
const one = json('200', 'The event as it stands', z.object({ event: securityEvent }));

const listSecurityEvents: Route<EventParts> = {
  method: 'get',
  path: '/v1/admin/events',
  operation: {
    operationId: 'listSecurityEvents',
    summary: 'What detections found, the newest first; any role',
    security: [{ operator: [] }],
    requestParams: { query: eventQuery },
    responses: {
      ...json('200', 'Security events with their evidence', z.object({ events: z.array(securityEvent) })),
      ...problems(CODES.operator, CODES.schema, ['store_unavailable']),
    },
  },
  handler:
    ({ authenticator, securityEvents }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      const { before, limit, scope, ...asked } = validated(eventQuery, { ...request.query });
      const events = await securityEvents.list({ ...asked, scopeId: scope }, { before, limit });
      sendJson(response, 200, { events: events.map(eventRepresentation) });
    },
};

const getSecurityEvent: Route<EventParts> = {
  method: 'get',
  path: '/v1/admin/events/{sequence}',
  operation: {
    operationId: 'getSecurityEvent',
    summary: 'One security event, and who did what about it; any role',
    security: [{ operator: [] }],
    responses: {
      ...one,
      ...problems(CODES.operator, CODES.schema, ['unknown_event', 'store_unavailable']),
    },
  },
  handler:
    ({ authenticator, securityEvents }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      const event = await securityEvents.find(sequenceIn(request));
      sendJson(response, 200, { event: eventRepresentation(event) });
    },
};

const acknowledgeSecurityEvent: Route<EventParts> = {
  method: 'post',
  path: '/v1/admin/events/{sequence}/acknowledge',
  operation: {
    operationId: 'acknowledgeSecurityEvent',
    summary: 'Take a security event up, so that nobody else is called for it; role `operator`',
    description: 'The same once more changes nothing.',
    security: [{ operator: [] }],
    requestBody: { required: true, content: { 'application/json': { schema: acknowledgement } } },
    responses: {
      ...one,
      ...problems(CODES.operator, CODES.body, CODES.schema, [
        'unknown_event',
        'event_acknowledged',
        'event_resolved',
        'store_unavailable',
      ]),
    },
  },
  handler:
    ({ authenticator, securityEvents }) =>
    async (request, response) => {
      const actor = actorOf(authenticator, CHANGING, request, response);
      const { note } = await readJson(request, { schema: acknowledgement, ...BODY });
      const event = await securityEvents.acknowledge(sequenceIn(request), note, actor);
      sendJson(response, 200, { event: eventRepresentation(event) });
    },
};

const resolveSecurityEvent: Route<EventParts> = {
  method: 'post',
  path: '/v1/admin/events/{sequence}/resolve',
  operation: {
    operationId: 'resolveSecurityEvent',
    summary: 'Say that a security event is dealt with, for good; role `operator`',
    description: 'The same once more changes nothing.',
    security: [{ operator: [] }],
    requestBody: { required: true, content: { 'application/json': { schema: resolution } } },
    responses: {
      ...one,
      ...problems(CODES.operator, CODES.body, CODES.schema, [
        'unknown_event',
        'event_resolved',
        'store_unavailable',
      ]),
    },
  },
  handler:
    ({ authenticator, securityEvents }) =>
    async (request, response) => {
      const actor = actorOf(authenticator, CHANGING, request, response);
      const { note } = await readJson(request, { schema: resolution, ...BODY });
      const event = await securityEvents.resolve(sequenceIn(request), note, actor);
      sendJson(response, 200, { event: eventRepresentation(event) });
    },
};

export const adminEventRoutes = [
  listSecurityEvents,
  getSecurityEvent,
  acknowledgeSecurityEvent,
  resolveSecurityEvent,
];

function sequenceIn({ params }: ApiRequest): number {
  return validated(eventPath, { ...params }).sequence;
}
