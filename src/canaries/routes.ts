import { z } from 'zod';
import type { CanaryAdministration } from '../kernel/canary.ts';
import type { Role } from '../domain/client.ts';
import { actorOf } from '../server/actor.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../server/ask-gate.ts';
import { readJson } from '../server/read-body.ts';
import { jsonBody } from '../server/requests.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { canary, canaryRepresentation, canaryRequest } from '../server/schemas/canary.ts';
import { sendJson } from '../server/send.ts';

interface CanaryParts extends GateDeps {
  readonly canaries: CanaryAdministration;
}

const PATH = '/v1/admin/canaries';
const BODY = {
  schema: canaryRequest,
  maxBytes: 16 * 1024,
  maxDepth: 16,
  tooDeep: 'claims_too_deep',
} as const;
/** Whoever knows the decoys can step around them: not everyone who may act. */
const KNOWING: readonly Role[] = ['auditor'];
const one = z.object({ canary });

const listCanaries: Route<CanaryParts> = {
  method: 'get',
  path: PATH,
  operation: {
    operationId: 'listCanaries',
    summary: 'All decoys; role `auditor`, and each look is written down',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'Decoys, the retired ones too, oldest first', z.object({ canaries: z.array(canary) })),
      ...problems(CODES.operator, ['store_unavailable']),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorOf(deps.authenticator, KNOWING, request, response);
    const canaries = await deps.canaries.list(actor);
    sendJson(response, 200, { canaries: canaries.map(canaryRepresentation) });
  },
};

const createCanary: Route<CanaryParts> = {
  method: 'post',
  path: PATH,
  operation: {
    operationId: 'createCanary',
    summary: 'Make a decoy, whose use is an alarm; role `operator`, a token two persons',
    description: 'A token is revoked before it is answered, and shown this once, to whoever approves it.',
    security: [{ operator: [] }],
    requestBody: jsonBody(canaryRequest, BODY),
    responses: {
      ...json('201', 'The decoy', one.extend({ token: z.string().optional() })),
      ...PROPOSED,
      ...problems(CODES.operator, CODES.proposing, CODES.body, CODES.schema, CODES.issuing, [
        'invalid_canary',
        'credential_taken',
        'unknown_scope',
        'grant_missing',
        'store_unavailable',
        'audit_sink_unavailable',
        'registry_refused',
      ]),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('canary.create', deps, request, response);
    const parameters = await readJson(request, BODY);
    sendOutcome(response, await deps.gate.ask({ act: 'canary.create', parameters, actor }), { status: 201 });
  },
};

const getCanary: Route<CanaryParts> = {
  method: 'get',
  path: `${PATH}/{canary}`,
  operation: {
    operationId: 'getCanary',
    summary: 'One decoy; role `auditor`, and each look is written down',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'The decoy', one),
      ...problems(CODES.operator, ['unknown_canary', 'store_unavailable']),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorOf(deps.authenticator, KNOWING, request, response);
    const found = await deps.canaries.show(request.params.canary ?? '', actor);
    sendJson(response, 200, { canary: canaryRepresentation(found) });
  },
};

const retireCanary: Route<CanaryParts> = {
  method: 'post',
  path: `${PATH}/{canary}/retire`,
  operation: {
    operationId: 'retireCanary',
    summary: 'A decoy raises no alarm any more, for good; two persons',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'The decoy, also where it was retired before', one),
      ...PROPOSED,
      ...problems(CODES.operator, CODES.proposing, ['unknown_canary', 'registry_refused', 'hsm_unavailable']),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('canary.retire', deps, request, response);
    const parameters = { canary: request.params.canary ?? '' };
    sendOutcome(response, await deps.gate.ask({ act: 'canary.retire', parameters, actor }), { status: 200 });
  },
};

export const adminCanaryRoutes = [listCanaries, createCanary, getCanary, retireCanary];
