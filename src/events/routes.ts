import { z } from 'zod';
import type { Actor, Authenticator } from '../kernel/actor.ts';
import type { ErrorCode } from '../kernel/errors.ts';
import type { EventService } from '../domain/event-service.ts';
import type { TrackedEvent } from '../domain/event-steps.ts';
import { actorOf, CHANGING, READING } from '../server/actor.ts';
import { readJson } from '../server/read-body.ts';
import { jsonBody } from '../server/requests.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { ApiRequest, Route } from '../server/route.ts';
import {
  acknowledgement,
  eventPath,
  eventQuery,
  eventRepresentation,
  resolution,
  securityEvent,
} from '../server/schemas/security-event.ts';
import { sendJson } from '../server/send.ts';
import { validated } from '../server/validated.ts';

interface EventParts {
  readonly authenticator: Authenticator;
  readonly securityEvents: EventService;
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

interface Step<N extends string | null> {
  readonly name: 'acknowledge' | 'resolve';
  readonly summary: string;
  readonly body: z.ZodType<{ readonly note: N }>;
  readonly refusals: readonly ErrorCode[];
  take(events: EventService, sequence: number, note: N, actor: Actor): Promise<TrackedEvent>;
}

function stepRoute<N extends string | null>(step: Step<N>): Route<EventParts> {
  const { name, summary, body, refusals, take } = step;
  return {
    method: 'post',
    path: `/v1/admin/events/{sequence}/${name}`,
    operation: {
      operationId: `${name}SecurityEvent`,
      summary,
      description: 'The same once more changes nothing.',
      security: [{ operator: [] }],
      requestBody: jsonBody(body, BODY),
      responses: {
        ...one,
        ...problems(CODES.operator, CODES.body, CODES.schema, refusals, [
          'unknown_event',
          'store_unavailable',
        ]),
      },
    },
    handler:
      ({ authenticator, securityEvents }) =>
      async (request, response) => {
        const actor = actorOf(authenticator, CHANGING, request, response);
        const { note } = await readJson(request, { schema: body, ...BODY });
        const event = await take(securityEvents, sequenceIn(request), note, actor);
        sendJson(response, 200, { event: eventRepresentation(event) });
      },
  };
}

export const adminEventRoutes = [
  listSecurityEvents,
  getSecurityEvent,
  stepRoute({
    name: 'acknowledge',
    summary: 'Take a security event up, so that nobody else is called for it; role `operator`',
    body: acknowledgement,
    refusals: ['event_acknowledged', 'event_resolved'],
    take: (events, sequence, note, actor) => events.acknowledge(sequence, note, actor),
  }),
  stepRoute({
    name: 'resolve',
    summary: 'Say that a security event is dealt with, for good; role `operator`',
    body: resolution,
    refusals: ['event_resolved'],
    take: (events, sequence, note, actor) => events.resolve(sequence, note, actor),
  }),
];

function sequenceIn({ params }: ApiRequest): number {
  return validated(eventPath, { ...params }).sequence;
}
