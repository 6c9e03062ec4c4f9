import { z } from 'zod';
import type { Authenticator } from '../kernel/actor.ts';
import { actorOf, CHANGING, jsonBody, READING } from '../server/admission.ts';
import { readJson } from '../server/read-body.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { sendJson } from '../server/send.ts';
import { wireText } from '../server/wire.ts';
import { DRILLS, type DrillLog, type DrillReport, type DrillStatus, type PerformedDrill } from './drill.ts';

const MOST_STEPS = 20;

const steps = z
  .array(
    z.strictObject({
      name: wireText().min(1).max(100),
      took_ms: z.int().min(0).meta({ description: 'From the beginning of the drill.' }),
    }),
  )
  .max(MOST_STEPS, `name at most ${MOST_STEPS} steps`);

const members = {
  drill: z.enum(DRILLS),
  scope: wireText().max(63).nullable().meta({ description: 'The drill scope; null where it needs none.' }),
  passed: z.boolean(),
  steps,
};

const drillRequest = z.strictObject({ ...members, scope: members.scope.default(null) }).meta({
  id: 'DrillRequest',
  examples: [
    { drill: 'compromise', scope: 'drill', passed: true, steps: [{ name: 'declared', took_ms: 740 }] },
  ],
});

const performedDrill = z
  .object({ ...members, performed_at: z.int(), performed_by: z.string() })
  .meta({ id: 'Drill' });

const drillStanding = z
  .object({
    drill: z.enum(DRILLS),
    last_passed_at: z.int().nullable(),
    overdue_at: z.int(),
  })
  .meta({ id: 'DrillStanding' });

const listAnswer = z.object({ drills: z.array(performedDrill), standings: z.array(drillStanding) });

export type DrillAnswer = z.infer<typeof performedDrill>;
export type DrillsAnswer = z.infer<typeof listAnswer>;

function drillReport({ steps: named, ...report }: z.infer<typeof drillRequest>): DrillReport {
  return { ...report, steps: named.map(({ name, took_ms }) => ({ name, tookMs: took_ms })) };
}

function drillRepresentation({ steps: named, at, by, ...report }: PerformedDrill) {
  return {
    ...report,
    steps: named.map(({ name, tookMs }) => ({ name, took_ms: tookMs })),
    performed_at: at,
    performed_by: by,
  };
}

function standingRepresentation({ drill, lastPassedAt, overdueAt }: DrillStatus) {
  return { drill, last_passed_at: lastPassedAt, overdue_at: overdueAt };
}

interface AdministeredDrills {
  readonly authenticator: Authenticator;
  readonly drills: DrillLog;
}

const LIMITS = { maxBytes: 16 * 1024, maxDepth: 4, tooDeep: 'malformed_json' } as const;

const listDrills: Route<AdministeredDrills> = {
  method: 'get',
  path: '/v1/admin/drills',
  operation: {
    operationId: 'listDrills',
    summary: 'Rehearsals, the newest first, and when the next are due; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'The last hundred rehearsals', listAnswer),
      ...problems(CODES.operator, ['store_unavailable']),
    },
  },
  handler:
    ({ authenticator, drills }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      await drills.refresh();
      sendJson(response, 200, {
        drills: drills.list().map(drillRepresentation),
        standings: drills.standings().map(standingRepresentation),
      });
    },
};

const recordDrill: Route<AdministeredDrills> = {
  method: 'post',
  path: '/v1/admin/drills',
  operation: {
    operationId: 'recordDrill',
    summary: 'Record a rehearsal, as its leader saw it; role `operator`',
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
