import { z } from 'zod';
import type { Actor, Authenticator } from '../kernel/actor.ts';
import type { ErrorCode } from '../kernel/errors.ts';
import { SECURITY_EVENT_TYPES, SEVERITIES } from '../kernel/security-event-types.ts';
import {
  EVENT_STATES,
  type EventService,
  type EventStep,
  type TrackedEvent,
} from '../kernel/security-events.ts';
import { actorOf, CHANGING, jsonBody, READING } from '../server/admission.ts';
import { readJson, validated } from '../server/read-body.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { ApiRequest, Route } from '../server/route.ts';
import { sendJson } from '../server/send.ts';
import { afterNumber, nextNumber, note, pageOf, wholeNumberText, wireText } from '../server/wire.ts';

const seconds = wholeNumberText('use seconds since the epoch').optional();

/** Names one event in a path. */
const eventPath = z.strictObject({ sequence: wholeNumberText('use the number of the event') });

const eventQuery = afterNumber.extend({
  state: z.enum(EVENT_STATES).optional(),
  type: z.enum(SECURITY_EVENT_TYPES, 'there is no such type of event; docs/events.md lists them').optional(),
  severity: z.enum(SEVERITIES).optional(),
  scope: wireText('give it once')
    .min(1, 'leave it out or give a value')
    .max(64, 'a scope id is shorter')
    .optional()
    .meta({ description: 'About this scope, or about a key of it.' }),
  from: seconds.meta({ description: 'Raised at or after it.' }),
  to: seconds.meta({ description: 'Raised at or before it.' }),
});

const acknowledgement = z
  .strictObject({ note: note.nullable().default(null) })
  .meta({ id: 'EventAcknowledgement', examples: [{ note: 'looking at it' }] });
const resolution = z
  .strictObject({ note })
  .meta({ id: 'EventResolution', examples: [{ note: 'the key was destroyed by hand, as planned' }] });

const step = z
  .strictObject({ by: z.string(), at: z.int(), note: z.string().nullable() })
  .nullable()
  .meta({ id: 'SecurityEventStep' });

export const securityEvent = z
  .strictObject({
    sequence: z.int(),
    raised_at: z.int(),
    type: z.enum(SECURITY_EVENT_TYPES),
    severity: z.enum(SEVERITIES),
    subject: z.string(),
    evidence: z.record(z.string(), z.unknown()).nullable().meta({
      description:
        '`claims` and `record` are null once they are erased; all of it is null where the database lacks it.',
    }),
    state: z.enum(EVENT_STATES),
    acknowledged: step,
    resolved: step,
  })
  .meta({ id: 'SecurityEvent' });
export type SecurityEventAnswer = z.infer<typeof securityEvent>;

export function eventRepresentation(of: TrackedEvent): SecurityEventAnswer {
  const { sequence, raisedAt: raised_at, type, severity, subject, evidence, state } = of;
  const steps = { acknowledged: plain(of.acknowledged), resolved: plain(of.resolved) };
  return { sequence, raised_at, type, severity, subject, evidence, state, ...steps };
}

function plain(step: EventStep | null) {
  return step && { by: step.by, at: step.at, note: step.note };
}

interface EventParts {
  readonly authenticator: Authenticator;
  readonly securityEvents: EventService;
}

const BODY = { maxBytes: 16 * 1024, maxDepth: 2, tooDeep: 'malformed_json' } as const;
const one = json('200', 'The event as it stands', z.object({ event: securityEvent }));
const eventPage = z.object({ events: z.array(securityEvent), next: nextNumber });
export type EventPageAnswer = z.infer<typeof eventPage>;

const listSecurityEvents: Route<EventParts> = {
  method: 'get',
  path: '/v1/admin/events',
  operation: {
    operationId: 'listSecurityEvents',
    summary: 'What detections found, the newest first; any role',
    security: [{ operator: [] }],
    requestParams: { query: eventQuery },
    responses: {
      ...json('200', 'Security events with their evidence', eventPage),
      ...problems(CODES.operator, CODES.schema, ['store_unavailable']),
    },
  },
  handler:
    ({ authenticator, securityEvents }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      const { after, limit, scope, ...asked } = validated(eventQuery, { ...request.query });
      const query = { ...asked, scopeId: scope };
      const found = await securityEvents.list(query, { before: after, limit: limit + 1 });
      const { page, next } = pageOf(found, limit, ({ sequence }) => sequence);
      sendJson(response, 200, { events: page.map(eventRepresentation), next });
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
    summary: 'Resolve a security event permanently; role `operator`',
    body: resolution,
    refusals: ['event_resolved'],
    take: (events, sequence, note, actor) => events.resolve(sequence, note, actor),
  }),
];

function sequenceIn({ params }: ApiRequest): number {
  return validated(eventPath, { ...params }).sequence;
}
