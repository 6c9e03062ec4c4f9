import { z } from 'zod';
import type { RevocationAdministration } from '../kernel/revocation.ts';
import { actorOf, READING } from '../server/actor.ts';
import { actorFor, type GateDeps, sendOutcome } from '../server/ask-gate.ts';
import { readJson } from '../server/read-body.ts';
import { jsonBody } from '../server/requests.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { newestFirst } from '../server/wire.ts';
import { revocation, revocationRepresentation, revocationRequest } from '../server/schemas/revocation.ts';
import { sendJson } from '../server/send.ts';
import { validated } from '../server/validated.ts';

interface RevocationParts extends GateDeps {
  readonly revocations: RevocationAdministration;
}

const BODY = {
  schema: revocationRequest,
  maxBytes: 16 * 1024,
  maxDepth: 8,
  tooDeep: 'malformed_json',
} as const;

const addRevocation: Route<RevocationParts> = {
  method: 'post',
  path: '/v1/admin/revocations',
  operation: {
    operationId: 'addRevocation',
    summary: 'Revoke tokens by jti, root event, client or time, at once and for good; role `operator`',
    security: [{ operator: [] }],
    requestBody: jsonBody(revocationRequest, BODY),
    responses: {
      ...json('201', 'The rule, in force', z.object({ revocation })),
      ...problems(CODES.operator, CODES.body, CODES.schema, [
        'invalid_revocation',
        'unknown_scope',
        'unknown_client',
        'store_unavailable',
      ]),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('revocation.add', deps, request, response);
    const parameters = await readJson(request, BODY);
    sendOutcome(response, await deps.gate.ask({ act: 'revocation.add', parameters, actor }), { status: 201 });
  },
};

const listRevocations: Route<RevocationParts> = {
  method: 'get',
  path: '/v1/admin/revocations',
  operation: {
    operationId: 'listRevocations',
    summary: 'The revocations in force, the newest first; any role',
    security: [{ operator: [] }],
    requestParams: { query: newestFirst },
    responses: {
      ...json('200', 'Rules whose tokens may still be alive', z.object({ revocations: z.array(revocation) })),
      ...problems(CODES.operator, CODES.schema),
    },
  },
  handler:
    ({ authenticator, revocations }) =>
    (request, response) => {
      actorOf(authenticator, READING, request, response);
      const found = revocations.list(validated(newestFirst, { ...request.query }));
      sendJson(response, 200, { revocations: found.map(revocationRepresentation) });
    },
};

export const adminRevocationRoutes = [addRevocation, listRevocations];
