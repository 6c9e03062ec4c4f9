import { z } from 'zod';
import type { Authenticator } from '../../domain/access.ts';
import { KeywardError } from '../../domain/errors.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import type { KnownKeys } from '../../domain/known-keys.ts';
import type { ScopeAdministration } from '../../domain/registry.ts';
import type { Scope } from '../../domain/scope.ts';
import { actorOf, CHANGING, READING } from '../actor.ts';
import { readJson } from '../json-body.ts';
import { CODES, json, problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { key, keyRepresentation } from '../schemas/key.ts';
import {
  scope,
  scopeChange,
  scopeChangeRequest,
  scopeDefinition,
  scopeRepresentation,
  scopeRequest,
} from '../schemas/scope.ts';
import { sendJson } from '../send.ts';

interface ScopeParts {
  readonly authenticator: Authenticator;
  readonly keyRing: KeyRing;
  readonly knownKeys: KnownKeys;
  readonly scopes: ScopeAdministration;
}

const LIMITS = { maxBytes: 16 * 1024, maxDepth: 8, tooDeep: 'malformed_json' } as const;

const scopeWithKeys = z.object({ scope, keys: z.array(key) }).meta({ id: 'ScopeWithKeys' });

const listScopes: Route<ScopeParts> = {
  method: 'get',
  path: '/v1/admin/scopes',
  operation: {
    operationId: 'listScopes',
    summary: 'All scopes; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'All scopes', z.object({ scopes: z.array(scope) })),
      ...problems(CODES.operator),
    },
  },
  handler:
    ({ authenticator, keyRing }) =>
    (request, response) => {
      actorOf(authenticator, READING, request, response);
      sendJson(response, 200, { scopes: keyRing.scopes().map(scopeRepresentation) });
    },
};

const createScope: Route<ScopeParts> = {
  method: 'post',
  path: '/v1/admin/scopes',
  operation: {
    operationId: 'createScope',
    summary: 'Create a scope with an active key and a standby; role `operator`',
    security: [{ operator: [] }],
    requestBody: { required: true, content: { 'application/json': { schema: scopeRequest } } },
    responses: {
      ...json('201', 'The scope, its keys proven and published', scopeWithKeys),
      ...problems(
        CODES.operator,
        CODES.body,
        CODES.schema,
        ['invalid_scope', 'invalid_policy', 'scope_exists', 'issuer_audience_taken', 'algorithm_unavailable'],
        [
          'hsm_unavailable',
          'hsm_refused',
          'pin_latched',
          'key_unproven',
          'store_unavailable',
          'audit_sink_unavailable',
        ],
      ),
    },
  },
  handler:
    ({ authenticator, scopes, knownKeys }) =>
    async (request, response) => {
      const actor = actorOf(authenticator, CHANGING, request, response);
      const definition = scopeDefinition(await readJson(request, { schema: scopeRequest, ...LIMITS }));
      const { scope: created } = await scopes.create(definition, actor);
      const location = ['Location', `/v1/admin/scopes/${created.id}`];
      sendJson(response, 201, representation(created, knownKeys), location);
    },
};

const getScope: Route<ScopeParts> = {
  method: 'get',
  path: '/v1/admin/scopes/{scope}',
  operation: {
    operationId: 'getScope',
    summary: 'One scope with its keys; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'The scope and its keys', scopeWithKeys),
      ...problems(CODES.operator, ['unknown_scope']),
    },
  },
  handler:
    ({ authenticator, keyRing, knownKeys }) =>
    (request, response) => {
      actorOf(authenticator, READING, request, response);
      const found = keyRing.scope(request.params.scope ?? '');
      if (!found) throw new KeywardError('unknown_scope', 'there is no scope of this id');
      sendJson(response, 200, representation(found, knownKeys));
    },
};

const changeScope: Route<ScopeParts> = {
  method: 'patch',
  path: '/v1/admin/scopes/{scope}',
  operation: {
    operationId: 'changeScope',
    summary: 'Change members of the policy, or the contacts; role `operator`',
    description:
      'Holds for the next token. Keys keep the signing window and the longest lifetime that they were bound with.',
    security: [{ operator: [] }],
    requestBody: { required: true, content: { 'application/json': { schema: scopeChangeRequest } } },
    responses: {
      ...json('200', 'The scope as it now is, also where nothing differed', scopeWithKeys),
      ...problems(
        CODES.operator,
        CODES.body,
        CODES.schema,
        ['unknown_scope', 'invalid_scope', 'invalid_policy'],
        ['hsm_unavailable', 'pin_latched', 'store_unavailable', 'audit_sink_unavailable'],
      ),
    },
  },
  handler:
    ({ authenticator, scopes, knownKeys }) =>
    async (request, response) => {
      const actor = actorOf(authenticator, CHANGING, request, response);
      const wanted = scopeChange(await readJson(request, { schema: scopeChangeRequest, ...LIMITS }));
      const changed = await scopes.change(request.params.scope ?? '', wanted, actor);
      sendJson(response, 200, representation(changed, knownKeys));
    },
};

export const adminScopeRoutes = [listScopes, createScope, getScope, changeScope];

function representation(of: Scope, knownKeys: KnownKeys): z.infer<typeof scopeWithKeys> {
  const keys = knownKeys.knownKeysOf(of.id).map((each) => keyRepresentation(each, of));
  return { scope: scopeRepresentation(of), keys };
}
