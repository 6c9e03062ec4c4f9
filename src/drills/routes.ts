import { z } from 'zod';
import type { Authenticator } from '../domain/access.ts';
import { actorOf, CHANGING, READING } from '../server/actor.ts';
import { readJson } from '../server/json-body.ts';
import { jsonBody } from '../server/requests.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { sendJson } from '../server/send.ts';
import type { DrillLog } from './drill.ts';
import {
  drillReport,
  drillRepresentation,
  drillRequest,
  drillStanding,
  performedDrill,
  standingRepresentation,
} from './wire.ts';

interface DrillParts {
  readonly authenticator: Authenticator;
  readonly drills: DrillLog;
}

const LIMITS = { maxBytes: 16 * 1024, maxDepth: 4, tooDeep: 'malformed_json' } as const;

const listDrills: Route<DrillParts> = {
  method: 'get',
  path: '/v1/admin/drills',
  operation: {
    operationId: 'listDrills',
    summary: 'Rehearsals, the newest first, and when the next are due; any role',
    security: [{ operator: [] }],
    responses: {
      ...json(
        '200',
        'The last hundred rehearsals',
        z.object({ drills: z.array(performedDrill), standings: z.array(drillStanding) }),
      ),
      ...problems(CODES.operator),
    },
  },
  handler:
    ({ authenticator, drills }) =>
    (request, response) => {
      actorOf(authenticator, READING, request, response);
      sendJson(response, 200, {
        drills: drills.list().map(drillRepresentation),
        standings: drills.standings().map(standingRepresentation),
      });
    },
};

const recordDrill: Route<DrillParts> = {
  method: 'post',
  path: '/v1/admin/drills',
  operation: {
    operationId: 'recordDrill',
    summary: 'Write down a rehearsal, as whoever held it saw it; role `operator`',
    security: [{ operator: [] }],
    requestBody: jsonBody(drillRequest, LIMITS),
    responses: {
      ...json('201', 'It is in the audit trail', z.object({ drill: performedDrill })),
      ...problems(CODES.operator, CODES.body, CODES.schema, ['store_unavailable']),
    },
  },
  handler:
    ({ authenticator, drills }) =>
    async (request, response) => {
      const actor = actorOf(authenticator, CHANGING, request, response);
      const report = drillReport(await readJson(request, { schema: drillRequest, ...LIMITS }));
      sendJson(response, 201, { drill: drillRepresentation(await drills.record(report, actor)) });
    },
};

export const adminDrillRoutes = [listDrills, recordDrill];
