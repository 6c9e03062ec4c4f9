import { z } from 'zod';
import type { Authenticator, ClientAdministration } from '../../domain/access.ts';
import { actorOf, CHANGING } from '../actor.ts';
import { readJson } from '../json-body.ts';
import { CODES, json, problems } from '../responses.ts';
import type { Handler, Route } from '../route.ts';
import { client, clientRepresentation, grantRequest } from '../schemas/client.ts';
import { sendJson } from '../send.ts';

interface GrantParts {
  readonly authenticator: Authenticator;
  readonly clients: ClientAdministration;
}

const BODY = { schema: grantRequest, maxBytes: 16 * 1024, maxDepth: 8, tooDeep: 'malformed_json' } as const;

const operation = {
  security: [{ operator: [] }],
  requestBody: { required: true, content: { 'application/json': { schema: grantRequest } } },
  responses: {
    ...json('200', 'The client with its grants as they now are', z.object({ client })),
    ...problems(CODES.operator, CODES.body, CODES.schema, [
      'unknown_client',
      'unknown_scope',
      'client_revoked',
      'store_unavailable',
      'audit_sink_unavailable',
    ]),
  },
};

/** Adding what is there is no error. */
const addGrant: Route<GrantParts> = {
  method: 'post',
  path: '/v1/admin/grants',
  operation: { ...operation, operationId: 'addGrant', summary: 'Add a grant; role `operator`' },
  handler: (deps) => change(deps, 'grant'),
};

/** Nor is removing what is not. */
const removeGrant: Route<GrantParts> = {
  method: 'delete',
  path: '/v1/admin/grants',
  operation: { ...operation, operationId: 'removeGrant', summary: 'Remove a grant; role `operator`' },
  handler: (deps) => change(deps, 'withdraw'),
};

export const adminGrantRoutes = [addGrant, removeGrant];

function change({ authenticator, clients }: GrantParts, act: 'grant' | 'withdraw'): Handler {
  return async (request, response) => {
    const actor = actorOf(authenticator, CHANGING, request, response);
    const { client: clientId, scope, action } = await readJson(request, BODY);
    sendJson(response, 200, {
      client: clientRepresentation(await clients[act](clientId, scope, action, actor)),
    });
  };
}
