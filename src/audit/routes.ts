import { z } from 'zod';
import type { Authenticator } from '../kernel/actor.ts';
import type { AuditLog } from '../kernel/audit.ts';
import type { CheckpointSource } from '../kernel/audit-chain.ts';
import { KeywardError } from '../kernel/errors.ts';
import { actorOf, admitAnyone, READING } from '../server/admission.ts';
import { validated } from '../server/read-body.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { sendJson } from '../server/send.ts';
import { nextNumber, pageOf } from '../server/wire.ts';
import { eventMembers } from './sink-line.ts';

interface AuditDeps {
  readonly authenticator: Authenticator;
  readonly audit: Pick<AuditLog, 'eventsAfter' | 'newestEvents' | 'checkpointsAfter'>;
}

const MOST = 1_000;
const count = (low: number, high: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'use a whole number')
    .transform(Number)
    .pipe(z.int().min(low).max(high));

const after = count(0, Number.MAX_SAFE_INTEGER);
const limit = count(1, MOST).default(100);
const checkpointPage = z.strictObject({
  after: after.default(0).meta({ description: 'The last one seen; 0 for the beginning.' }),
  limit,
});
const eventPage = z.strictObject({
  after: after.optional().meta({ description: 'The last one seen; left out, the newest are told.' }),
  limit,
});

const auditEvent = z
  .object({
    sequence: z.int(),
    time: z.int(),
    type: z.string(),
    actor: z.string(),
    subject: z.string(),
    request_id: z.string().nullable(),
    trace_id: z
      .string()
      .nullable()
      .meta({ description: 'The trace that the request belonged to (W3C Trace Context), if any.' }),
    details: z.unknown(),
    hash: z.string().meta({ description: 'SHA-256 over the event and the hash before it, base64url.' }),
  })
  .meta({ id: 'AuditEvent' });
export type AuditEventAnswer = z.infer<typeof auditEvent>;
const auditPage = z
  .object({ events: z.array(auditEvent), next: nextNumber })
  .meta({ id: 'AuditEventsAnswer' });
export type AuditPageAnswer = z.infer<typeof auditPage>;

const listAuditEvents: Route<AuditDeps> = {
  method: 'get',
  path: '/v1/admin/audit',
  operation: {
    operationId: 'listAuditEvents',
    summary: 'The audit trail in order; any role',
    security: [{ operator: [] }],
    requestParams: { query: eventPage },
    responses: {
      ...json('200', 'Events after the one named; none at the end', auditPage),
      ...problems(CODES.operator, CODES.schema, ['store_unavailable']),
    },
  },
  handler:
    ({ authenticator, audit }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      const { after, limit } = validated(eventPage, { ...request.query });
      const found =
        after === undefined ? await audit.newestEvents(limit) : await audit.eventsAfter(after, limit + 1);
      const { page, next } = pageOf(found, limit, ({ sequence }) => sequence);
      sendJson(response, 200, { events: page.map(eventMembers), next });
    },
};

const checkpoint = z
  .object({ number: z.int(), time: z.int(), audit_sequence: z.int(), checkpoint: z.string() })
  .meta({ id: 'Checkpoint' });

const listCheckpoints: Route<AuditDeps> = {
  method: 'get',
  path: '/v1/admin/checkpoints',
  operation: {
    operationId: 'listCheckpoints',
    summary: 'The checkpoints in order; any role',
    security: [{ operator: [] }],
    requestParams: { query: checkpointPage },
    responses: {
      ...json(
        '200',
        'Checkpoints after the one named; none at the end',
        z.object({ checkpoints: z.array(checkpoint), next: nextNumber }),
      ),
      ...problems(CODES.operator, CODES.schema, ['store_unavailable']),
    },
  },
  handler:
    ({ authenticator, audit }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      const { after, limit } = validated(checkpointPage, { ...request.query });
      const found = await audit.checkpointsAfter(after, limit + 1);
      const { page, next } = pageOf(found, limit, ({ number }) => number);
      const checkpoints = page.map(({ number, time, auditSequence, jws }) => ({
        number,
        time,
        audit_sequence: auditSequence,
        checkpoint: jws,
      }));
      sendJson(response, 200, { checkpoints, next });
    },
};

export const adminAuditRoutes = [listAuditEvents, listCheckpoints];

const latestCheckpointAnswer = z
  .object({
    number: z.int(),
    time: z.int().meta({ description: 'Seconds since the epoch.' }),
    checkpoint: z.string().meta({ description: 'Compact JWS of typ `kw-checkpoint+jwt`.' }),
    kid: z.string(),
    public_jwk: z
      .record(z.string(), z.string())
      .meta({ description: 'Trust it only by its thumbprint, had from elsewhere.' }),
  })
  .meta({ id: 'LatestCheckpoint' });

/** Whoever keeps a copy can show later that what came before it was rewritten. */
export const latestCheckpoint: Route<{ readonly checkpoints: CheckpointSource }> = {
  method: 'get',
  path: '/v1/checkpoints/latest',
  operation: {
    operationId: 'getLatestCheckpoint',
    summary: 'The newest checkpoint of audit trail, ledger, revocations and registry, for anyone to keep',
    responses: {
      ...json('200', 'The checkpoint, signed by the audit key', latestCheckpointAnswer),
      ...problems(['not_found', 'rate_limited']),
    },
  },
  handler:
    ({ checkpoints }) =>
    async (request, response) => {
      await admitAnyone(request, response);
      const latest = checkpoints.latest();
      if (!latest) throw new KeywardError('not_found', 'there is no checkpoint yet; try again in a minute');
      const { kid, publicJwk } = checkpoints.auditKey;
      const { number, time, jws } = latest;
      sendJson(response, 200, { number, time, checkpoint: jws, kid, public_jwk: publicJwk });
    },
};
