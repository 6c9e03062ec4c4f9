import { z } from 'zod';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../ask-gate.ts';
import { readJson } from '../read-body.ts';
import { jsonBody } from '../requests.ts';
import { CODES, json, problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { rotationPause } from '../schemas/rotation-pause.ts';
import { scope } from '../../keys/routes/scope-wire.ts';

const PATH = '/v1/admin/scopes/{scope}/rotation-pause';
const LIMITS = { maxBytes: 16 * 1024, maxDepth: 4, tooDeep: 'malformed_json' } as const;
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
    requestBody: jsonBody(rotationPause, LIMITS),
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
    const pause = await readJson(request, { schema: rotationPause, ...LIMITS });
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
