import { z } from 'zod';
import type { RevocationAdministration } from '../../domain/revocation.ts';
import { actorOf, READING } from '../actor.ts';
import { actorFor, type GateDeps, sendOutcome } from '../ask-gate.ts';
import { readJson } from '../json-body.ts';
import { jsonBody } from '../requests.ts';
import { CODES, json, problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { newestFirst } from '../schemas/page.ts';
import { revocation, revocationRepresentation, revocationRequest } from '../schemas/revocation.ts';
import { sendJson } from '../send.ts';
import { validated } from '../validated.ts';

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
