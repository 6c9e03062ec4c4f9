import { z } from 'zod';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../ask-gate.ts';
import { readJson } from '../read-body.ts';
import { jsonBody } from '../requests.ts';
import { CODES, json, problems } from '../responses.ts';
import type { Handler, Route } from '../route.ts';
import { client, grantRequest } from '../../access/routes/wire.ts';

const BODY = { schema: grantRequest, maxBytes: 16 * 1024, maxDepth: 8, tooDeep: 'malformed_json' } as const;

const operation = {
  security: [{ operator: [] }],
  requestBody: jsonBody(grantRequest, BODY),
  responses: {
    ...json('200', 'The client with its grants as they now are', z.object({ client })),
    ...problems(CODES.operator, CODES.body, CODES.schema, CODES.proposing, [
      'unknown_client',
      'unknown_scope',
      'client_revoked',
    ]),
  },
};

/** Adding what is there is no error. */
const addGrant: Route<GateDeps> = {
  method: 'post',
  path: '/v1/admin/grants',
  operation: {
    ...operation,
    operationId: 'addGrant',
    summary: 'Add a grant; two persons',
    responses: { ...operation.responses, ...PROPOSED },
  },
  handler: (deps) => change(deps, 'grant.add'),
};

/** Nor is removing what is not. */
const removeGrant: Route<GateDeps> = {
  method: 'delete',
  path: '/v1/admin/grants',
  operation: { ...operation, operationId: 'removeGrant', summary: 'Remove a grant; role `operator`' },
  handler: (deps) => change(deps, 'grant.remove'),
};

export const adminGrantRoutes = [addGrant, removeGrant];

function change(deps: GateDeps, act: 'grant.add' | 'grant.remove'): Handler {
  return async (request, response) => {
    const actor = actorFor(act, deps, request, response);
    const parameters = await readJson(request, BODY);
    sendOutcome(response, await deps.gate.ask({ act, parameters, actor }), { status: 200 });
  };
}
