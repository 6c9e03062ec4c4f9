import { z } from 'zod';
import { type KeyRing, type KnownKeys, requireScope } from '../../kernel/key.ts';
import type { PolicyPreview } from '../../kernel/scope-change.ts';
import { actorOf, jsonBody, READING } from '../../server/admission.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../../server/ask-gate.ts';
import { readJson } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import {
  policyRefusals,
  policyRefusalsRepresentation,
  rotationPause,
  scope,
  scopeAndKeys,
  scopeChange,
  scopeChangeRequest,
  scopeRepresentation,
  scopeRequest,
  scopeWithKeys,
} from './scope-wire.ts';

interface ScopeDeps extends GateDeps {
  readonly keyRing: KeyRing;
  readonly knownKeys: KnownKeys;
  readonly policyPreview: PolicyPreview;
}

const SCOPE_LIMITS = { maxBytes: 16 * 1024, maxDepth: 8, tooDeep: 'malformed_json' } as const;

const listScopes: Route<ScopeDeps> = {
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

const createScope: Route<ScopeDeps> = {
  method: 'post',
  path: '/v1/admin/scopes',
  operation: {
    operationId: 'createScope',
    summary: 'Create a scope with an active key and a standby; two persons',
    security: [{ operator: [] }],
    requestBody: jsonBody(scopeRequest, SCOPE_LIMITS),
    responses: {
      ...json('201', 'The scope, its keys proven and published', scopeAndKeys),
      ...PROPOSED,
      ...problems(
        CODES.operator,
        CODES.body,
        CODES.schema,
        [
          'invalid_scope',
          'invalid_policy',
          'scope_exists',
          'issuer_audience_taken',
          'algorithm_unavailable',
          'unknown_hsm_token',
          'hsm_token_compromised',
        ],
        CODES.proposing,
        ['hsm_unavailable', 'hsm_refused', 'hsm_full', 'pin_latched', 'key_unproven'],
      ),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('scope.create', deps, request, response);
    const parameters = await readJson(request, { schema: scopeRequest, ...SCOPE_LIMITS });
    const outcome = await deps.gate.ask({ act: 'scope.create', parameters, actor });
    sendOutcome(response, outcome, { status: 201, location: `/v1/admin/scopes/${parameters.id}` });
  },
};

const getScope: Route<ScopeDeps> = {
  method: 'get',
  path: '/v1/admin/scopes/{scope}',
  operation: {
    operationId: 'getScope',
    summary: 'One scope with its keys; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'The scope and its keys', scopeAndKeys),
      ...problems(CODES.operator, ['unknown_scope']),
    },
  },
  handler:
    ({ authenticator, keyRing, knownKeys }) =>
    (request, response) => {
      actorOf(authenticator, READING, request, response);
      const found = requireScope(keyRing, request.params.scope ?? '');
      sendJson(response, 200, scopeWithKeys(found, knownKeys));
    },
};

const changeScope: Route<ScopeDeps> = {
  method: 'patch',
  path: '/v1/admin/scopes/{scope}',
  operation: {
    operationId: 'changeScope',
    summary:
      'Change members of the policy, the contacts or the HSM tokens; two persons unless all of it narrows',
    description:
      'Holds for the next token, and for the next verification of tokens there are: ask `preview` how many it would refuse. Keys keep the signing window and the longest lifetime that they were bound with.',
    security: [{ operator: [] }],
    requestBody: jsonBody(scopeChangeRequest, SCOPE_LIMITS),
    responses: {
      ...json('200', 'The scope as it now is, also where nothing differed', scopeAndKeys),
      ...PROPOSED,
      ...problems(
        CODES.operator,
        CODES.body,
        CODES.schema,
        CODES.proposing,
        ['unknown_scope', 'invalid_scope', 'invalid_policy'],
        ['unknown_hsm_token', 'hsm_token_compromised', 'algorithm_unavailable'],
        ['hsm_unavailable', 'pin_latched'],
      ),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('scope.policy', deps, request, response);
    const wanted = await readJson(request, { schema: scopeChangeRequest, ...SCOPE_LIMITS });
    const parameters = { ...wanted, scope: request.params.scope ?? '' };
    sendOutcome(response, await deps.gate.ask({ act: 'scope.policy', parameters, actor }), { status: 200 });
  },
};

const previewChange: Route<ScopeDeps> = {
  method: 'post',
  path: '/v1/admin/scopes/{scope}/preview',
  operation: {
    operationId: 'previewScopeChange',
    summary: 'How many living tokens a change of the policy would refuse at once; any role',
    description:
      'Changes nothing, and does not say whether the change is sound. A token lives while its `exp` is to come; revoked ones are counted too. Counting takes a few seconds at most: what is not read by then is not counted.',
    security: [{ operator: [] }],
    requestBody: jsonBody(scopeChangeRequest, SCOPE_LIMITS),
    responses: {
      ...json('200', 'One entry for each member by whose change tokens are refused', policyRefusals),
      ...problems(CODES.operator, CODES.body, CODES.schema, ['unknown_scope']),
    },
  },
  handler: (deps) => async (request, response) => {
    actorOf(deps.authenticator, READING, request, response);
    const { policy = {} } = scopeChange(
      await readJson(request, { schema: scopeChangeRequest, ...SCOPE_LIMITS }),
    );
    const refusals = await deps.policyPreview.refusals(request.params.scope ?? '', policy);
    sendJson(response, 200, policyRefusalsRepresentation(refusals));
  },
};

export const adminScopeRoutes = [listScopes, createScope, getScope, changeScope, previewChange];

const PATH = '/v1/admin/scopes/{scope}/rotation-pause';
const PAUSE_LIMITS = { maxBytes: 16 * 1024, maxDepth: 4, tooDeep: 'malformed_json' } as const;
const FAILURES = ['unknown_scope', 'hsm_unavailable', 'pin_latched', 'registry_refused'] as const;

const pauseRotation: Route<GateDeps> = {
  method: 'post',
  path: PATH,
  operation: {
    operationId: 'pauseRotation',
    summary: 'Until then the key of the scope is not rotated by itself; two persons',
    description:
      'Its window goes on: where the pause is longer, no tokens are issued from its end on until somebody rotates.',
    security: [{ operator: [] }],
    requestBody: jsonBody(rotationPause, PAUSE_LIMITS),
    responses: {
      ...json('200', 'The scope with its pause', z.object({ scope })),
      ...PROPOSED,
      ...problems(CODES.operator, CODES.body, CODES.schema, CODES.proposing, FAILURES, [
        'invalid_rotation_pause',
      ]),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('rotation.pause', deps, request, response);
    const pause = await readJson(request, { schema: rotationPause, ...PAUSE_LIMITS });
    const parameters = { ...pause, scope: request.params.scope ?? '' };
    sendOutcome(response, await deps.gate.ask({ act: 'rotation.pause', parameters, actor }), { status: 200 });
  },
};

const unpauseRotation: Route<GateDeps> = {
  method: 'delete',
  path: PATH,
  operation: {
    operationId: 'unpauseRotation',
    summary: 'The pause ends now; role `operator`',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'The scope, also where there was no pause', z.object({ scope })),
      ...problems(CODES.operator, CODES.proposing, FAILURES),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('rotation.unpause', deps, request, response);
    const parameters = { scope: request.params.scope ?? '' };
    sendOutcome(response, await deps.gate.ask({ act: 'rotation.unpause', parameters, actor }), {
      status: 200,
    });
  },
};

export const adminRotationRoutes = [pauseRotation, unpauseRotation];
