import type { z } from 'zod';
import type { ActName } from '../../kernel/acts.ts';
import type { ErrorCode } from '../../kernel/errors.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../ask-gate.ts';
import { readJson } from '../read-body.ts';
import { jsonBody } from '../requests.ts';
import { CODES, json, problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { compromise } from '../../keys/routes/compromise.ts';
import {
  compromiseRequest,
  keyActRequest,
  keyOutcome,
  rotation,
  rotationRequest,
  tokenOutcome,
} from '../schemas/key-act.ts';

const LIMITS = { maxBytes: 16 * 1024, maxDepth: 4, tooDeep: 'malformed_json' } as const;

const FAILURES = ['transition_forbidden', 'key_changed', 'store_unavailable', 'registry_refused'] as const;
const HSM_FAILURES = ['hsm_unavailable', 'hsm_refused', 'key_unproven', 'pin_latched'] as const;

const MISSING: readonly (readonly [parameter: string, codes: readonly ErrorCode[]])[] = [
  ['{kid}', ['unknown_key']],
  ['{scope}', ['unknown_scope', 'no_standby']],
  ['{token}', ['unknown_hsm_token']],
];

interface KeyActRoute {
  readonly act: ActName;
  readonly path: Route<GateDeps>['path'];
  readonly operationId: string;
  readonly summary: string;
  readonly schema: z.ZodType<object>;
  readonly answer: z.ZodType;
  /** Whether it may end in a proposal, and waits for HSM and audit sinks. */
  readonly weakens: boolean;
}

const ACTS: readonly KeyActRoute[] = [
  {
    act: 'key.rotate',
    path: '/v1/admin/scopes/{scope}/rotate',
    operationId: 'rotateScope',
    summary: 'The standby signs from now on; role `operator`',
    schema: rotationRequest,
    answer: rotation,
    weakens: false,
  },
  {
    act: 'key.suspend',
    path: '/v1/admin/keys/{kid}/suspend',
    operationId: 'suspendKey',
    summary: 'Out of use for an investigation, at once, the standby in its place; role `operator`',
    schema: keyActRequest,
    answer: keyOutcome,
    weakens: false,
  },
  {
    act: 'key.compromise',
    path: '/v1/admin/keys/{kid}/compromise',
    operationId: 'compromiseKey',
    summary: 'Nothing of the key is accepted from now on, for good; role `operator`',
    schema: compromiseRequest,
    answer: keyOutcome.extend({ compromise }),
    weakens: false,
  },
  {
    act: 'hsm.compromise',
    path: '/v1/admin/hsm/{token}/compromise',
    operationId: 'compromiseHsmToken',
    summary: 'Nothing of any key on the HSM token is accepted from now on; role `operator`',
    schema: compromiseRequest,
    answer: tokenOutcome,
    weakens: false,
  },
  {
    act: 'key.resume',
    path: '/v1/admin/keys/{kid}/resume',
    operationId: 'resumeKey',
    summary: 'What a suspended key has signed is accepted again; it signs no more; two persons',
    schema: keyActRequest,
    answer: keyOutcome,
    weakens: true,
  },
  {
    act: 'key.undo_rotation',
    path: '/v1/admin/keys/{kid}/undo-rotation',
    operationId: 'undoRotation',
    summary: 'This key signs again, which a rotation has deactivated; two persons',
    schema: keyActRequest,
    answer: keyOutcome,
    weakens: true,
  },
  {
    act: 'key.destroy',
    path: '/v1/admin/keys/{kid}/destroy',
    operationId: 'destroyKey',
    summary: 'The private half goes from the HSM before its time; two persons unless the key is spent',
    schema: keyActRequest,
    answer: keyOutcome,
    weakens: true,
  },
];

export const adminKeyActRoutes: readonly Route<GateDeps>[] = ACTS.map(routeOf);

function routeOf({ act, path, operationId, summary, schema, answer, weakens }: KeyActRoute): Route<GateDeps> {
  const missing = MISSING.find(([parameter]) => path.includes(parameter))?.[1] ?? [];
  return {
    method: 'post',
    path,
    operation: {
      operationId,
      summary,
      security: [{ operator: [] }],
      requestBody: jsonBody(schema, LIMITS),
      responses: {
        ...json('200', 'What became of the keys', answer),
        ...(weakens ? PROPOSED : {}),
        ...problems(
          CODES.operator,
          CODES.body,
          CODES.schema,
          missing,
          FAILURES,
          weakens ? [...CODES.proposing, ...HSM_FAILURES] : [],
        ),
      },
    },
    handler: (deps) => async (request, response) => {
      const actor = actorFor(act, deps, request, response);
      const given = await readJson(request, { schema, ...LIMITS });
      const parameters = { ...given, ...request.params };
      sendOutcome(response, await deps.gate.ask({ act, parameters, actor }), { status: 200 });
    },
  };
}
