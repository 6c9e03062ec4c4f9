import { z } from 'zod';
import type { Authenticator } from '../../domain/access.ts';
import { SECURITY_EVENT_TYPES, SEVERITIES } from '../../domain/security-event-types.ts';
import type { SecurityEvent, SecurityEventList } from '../../domain/security-events.ts';
import { actorOf, READING } from '../actor.ts';
import { CODES, json, problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { newestFirst } from '../schemas/page.ts';
import { sendJson } from '../send.ts';
import { validated } from '../validated.ts';

const securityEvent = z
  .object({
    sequence: z.int(),
    raised_at: z.int(),
    type: z.enum(SECURITY_EVENT_TYPES),
    severity: z.enum(SEVERITIES),
    subject: z.string(),
    evidence: z.record(z.string(), z.unknown()).nullable().meta({ description: 'Null once it is erased.' }),
  })
  .meta({ id: 'SecurityEvent' });

const listSecurityEvents: Route<{
  readonly authenticator: Authenticator;
  readonly securityEvents: SecurityEventList;
}> = {
  method: 'get',
  path: '/v1/admin/events',
  operation: {
    operationId: 'listSecurityEvents',
    summary: 'What detections found, the newest first; any role',
    security: [{ operator: [] }],
    requestParams: { query: newestFirst },
    responses: {
      ...json('200', 'Security events with their evidence', z.object({ events: z.array(securityEvent) })),
      ...problems(CODES.operator, CODES.schema, ['store_unavailable']),
    },
  },
  handler:
    ({ authenticator, securityEvents }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      const events = await securityEvents.list(validated(newestFirst, { ...request.query }));
      sendJson(response, 200, { events: events.map(representation) });
    },
};

export const adminEventRoutes = [listSecurityEvents];

function representation(of: SecurityEvent): z.infer<typeof securityEvent> {
  const { sequence, raisedAt: raised_at, type, severity, subject, evidence } = of;
  return { sequence, raised_at, type, severity, subject, evidence };
}
