import { z } from 'zod';
import type { Authenticator, ClientAdministration } from '../../domain/access.ts';
import { KeywardError } from '../../domain/errors.ts';
import { actorOf, CHANGING, READING } from '../actor.ts';
import { readJson } from '../json-body.ts';
import { CODES, json, problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { client, clientRepresentation, clientRequest } from '../schemas/client.ts';
import { sendJson } from '../send.ts';

interface ClientParts {
  readonly authenticator: Authenticator;
  readonly clients: ClientAdministration;
}

const BODY = { schema: clientRequest, maxBytes: 16 * 1024, maxDepth: 8, tooDeep: 'malformed_json' } as const;

const listClients: Route<ClientParts> = {
  method: 'get',
  path: '/v1/admin/clients',
  operation: {
    operationId: 'listClients',
    summary: 'All clients with their grants; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'All clients, the revoked ones too', z.object({ clients: z.array(client) })),
      ...problems(CODES.operator),
    },
  },
  handler: (deps) => (request, response) => {
    actorOf(deps.authenticator, READING, request, response);
    sendJson(response, 200, { clients: deps.clients.list().map(clientRepresentation) });
  },
};

const createClient: Route<ClientParts> = {
  method: 'post',
  path: '/v1/admin/clients',
  operation: {
    operationId: 'createClient',
    summary: 'Create a client; role `operator`',
    security: [{ operator: [] }],
    requestBody: { required: true, content: { 'application/json': { schema: clientRequest } } },
    responses: {
      ...json(
        '201',
        'The client and its credential, shown this once',
        z.object({ client, credential: z.string() }),
      ),
      ...problems(CODES.operator, CODES.body, CODES.schema, [
        'invalid_client',
        'client_exists',
        'store_unavailable',
        'audit_sink_unavailable',
      ]),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorOf(deps.authenticator, CHANGING, request, response);
    const created = await deps.clients.create(await readJson(request, BODY), actor);
    const body = { client: clientRepresentation(created.client), credential: created.credential };
    sendJson(response, 201, body, ['Location', `/v1/admin/clients/${encodeURIComponent(created.client.id)}`]);
  },
};

const getClient: Route<ClientParts> = {
  method: 'get',
  path: '/v1/admin/clients/{client}',
  operation: {
    operationId: 'getClient',
    summary: 'One client with its grants; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'The client', z.object({ client })),
      ...problems(CODES.operator, ['unknown_client']),
    },
  },
  handler: (deps) => (request, response) => {
    actorOf(deps.authenticator, READING, request, response);
    const found = deps.clients.list().find(({ id }) => id === request.params.client);
    if (!found) throw new KeywardError('unknown_client', 'there is no client of this id');
    sendJson(response, 200, { client: clientRepresentation(found) });
  },
};

const revokeClient: Route<ClientParts> = {
  method: 'post',
  path: '/v1/admin/clients/{client}/revoke',
  operation: {
    operationId: 'revokeClient',
    summary: 'Revoke a client, at once and for good; role `operator`',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'The client, revoked', z.object({ client })),
      ...problems(CODES.operator, ['unknown_client', 'store_unavailable']),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorOf(deps.authenticator, CHANGING, request, response);
    const revoked = await deps.clients.revoke(request.params.client ?? '', actor);
    sendJson(response, 200, { client: clientRepresentation(revoked) });
  },
};

export const adminClientRoutes = [listClients, createClient, getClient, revokeClient];
