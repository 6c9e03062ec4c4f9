import { z } from 'zod';
import type { ClientAdministration } from '../../kernel/actor.ts';
import { KeywardError } from '../../kernel/errors.ts';
import { actorOf, jsonBody, READING } from '../../server/admission.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../../server/ask-gate.ts';
import { readJson } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Handler, Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import {
  client,
  clientDescription,
  clientRepresentation,
  clientRequest,
  credentialRequest,
  grantRequest,
} from './wire.ts';

interface ClientDeps extends GateDeps {
  readonly clients: ClientAdministration;
}

const LIMITS = { maxBytes: 16 * 1024, maxDepth: 8, tooDeep: 'malformed_json' } as const;
const CLIENT_BODY = { schema: clientRequest, ...LIMITS };
const CREDENTIAL_BODY = { schema: credentialRequest, ...LIMITS };

const clientAndCredential = z.object({ client, credential: z.string().optional() });
export type ClientAndCredentialAnswer = z.infer<typeof clientAndCredential>;

const listClients: Route<ClientDeps> = {
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

const createClient: Route<ClientDeps> = {
  method: 'post',
  path: '/v1/admin/clients',
  operation: {
    operationId: 'createClient',
    summary: 'Create a client; two persons',
    security: [{ operator: [] }],
    requestBody: jsonBody(clientRequest, CLIENT_BODY),
    responses: {
      ...json(
        '201',
        'The client, and its credential where the service made it, shown this once',
        clientAndCredential,
      ),
      ...PROPOSED,
      ...problems(CODES.operator, CODES.body, CODES.schema, CODES.proposing, [
        'invalid_client',
        'client_exists',
        'credential_digest_required',
        'credential_taken',
      ]),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('client.create', deps, request, response);
    const parameters = await readJson(request, CLIENT_BODY);
    const outcome = await deps.gate.ask({ act: 'client.create', parameters, actor });
    sendOutcome(response, outcome, { status: 201, location: `/v1/admin/clients/${parameters.id}` });
  },
};

const replaceCredential: Route<ClientDeps> = {
  method: 'post',
  path: '/v1/admin/clients/{client}/credential',
  operation: {
    operationId: 'replaceClientCredential',
    summary: 'Give a client a new credential in place of the one it has; two persons',
    security: [{ operator: [] }],
    requestBody: jsonBody(credentialRequest, CLIENT_BODY),
    responses: {
      ...json(
        '200',
        'The client, and its credential where the service made it, shown this once',
        clientAndCredential,
      ),
      ...PROPOSED,
      ...problems(CODES.operator, CODES.body, CODES.schema, CODES.proposing, [
        'unknown_client',
        'client_revoked',
        'credential_digest_required',
        'credential_taken',
      ]),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('client.credential', deps, request, response);
    const given = await readJson(request, CREDENTIAL_BODY);
    const parameters = { ...given, client: request.params.client ?? '' };
    const outcome = await deps.gate.ask({ act: 'client.credential', parameters, actor });
    sendOutcome(response, outcome, { status: 200 });
  },
};

const getClient: Route<ClientDeps> = {
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

const describeClient: Route<ClientDeps> = {
  method: 'patch',
  path: '/v1/admin/clients/{client}',
  operation: {
    operationId: 'describeClient',
    summary: 'Say anew what a client is; role `operator`',
    security: [{ operator: [] }],
    requestBody: jsonBody(clientDescription, CLIENT_BODY),
    responses: {
      ...json('200', 'The client as it now is, also where nothing differed', z.object({ client })),
      ...problems(CODES.operator, CODES.body, CODES.schema, [
        'unknown_client',
        'client_revoked',
        'invalid_client',
        'store_unavailable',
        'audit_sink_unavailable',
      ]),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('client.describe', deps, request, response);
    const given = await readJson(request, { schema: clientDescription, ...LIMITS });
    const parameters = { ...given, client: request.params.client ?? '' };
    sendOutcome(response, await deps.gate.ask({ act: 'client.describe', parameters, actor }), {
      status: 200,
    });
  },
};

const revokeClient: Route<ClientDeps> = {
  method: 'post',
  path: '/v1/admin/clients/{client}/revoke',
  operation: {
    operationId: 'revokeClient',
    summary: 'Revoke a client, immediately and permanently; role `operator`',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'The client, revoked', z.object({ client })),
      ...problems(CODES.operator, ['unknown_client', 'store_unavailable']),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('client.revoke', deps, request, response);
    const parameters = { client: request.params.client ?? '' };
    sendOutcome(response, await deps.gate.ask({ act: 'client.revoke', parameters, actor }), { status: 200 });
  },
};

export const adminClientRoutes = [
  listClients,
  createClient,
  getClient,
  describeClient,
  replaceCredential,
  revokeClient,
];

const GRANT_BODY = {
  schema: grantRequest,
  maxBytes: 16 * 1024,
  maxDepth: 8,
  tooDeep: 'malformed_json',
} as const;

const operation = {
  security: [{ operator: [] }],
  requestBody: jsonBody(grantRequest, GRANT_BODY),
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
    const parameters = await readJson(request, GRANT_BODY);
    sendOutcome(response, await deps.gate.ask({ act, parameters, actor }), { status: 200 });
  };
}
