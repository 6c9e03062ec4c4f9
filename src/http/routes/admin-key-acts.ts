import type { z } from 'zod';
import type { Actor, Authenticator } from '../../domain/access.ts';
import type { SigningKey } from '../../domain/key.ts';
import type { KeyAdministration, KeyOutcome } from '../../domain/key-administration.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import type { KnownKeys } from '../../domain/known-keys.ts';
import { actorOf, CHANGING } from '../actor.ts';
import { readJson } from '../json-body.ts';
import { CODES, json, problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { keyRepresentation } from '../schemas/key.ts';
import { keyActRequest, keyOutcome, rotation, rotationRequest } from '../schemas/key-act.ts';
import { sendJson } from '../send.ts';

export interface KeyActParts {
  readonly authenticator: Authenticator;
  readonly keyRing: KeyRing;
  readonly knownKeys: KnownKeys;
  readonly keys: KeyAdministration;
}

export const KEY_ACT_LIMITS = { maxBytes: 16 * 1024, maxDepth: 4, tooDeep: 'malformed_json' } as const;

export const KEY_FAILURES = [
  'unknown_key',
  'transition_forbidden',
  'key_changed',
  'store_unavailable',
  'registry_refused',
] as const;
const HSM_FAILURES = [
  ...KEY_FAILURES,
  'audit_sink_unavailable',
  'hsm_unavailable',
  'hsm_refused',
  'key_unproven',
  'pin_latched',
] as const;

interface KeyAct<T extends z.ZodType> {
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly schema: T;
  readonly needsHsm: boolean;
  run(keys: KeyAdministration, kid: string, given: z.infer<T>, actor: Actor): Promise<KeyOutcome>;
}

function keyAct<T extends z.ZodType>(act: KeyAct<T>): Route<KeyActParts> {
  const { path, operationId, summary, schema, needsHsm } = act;
  return {
    method: 'post',
    path: `/v1/admin/keys/{kid}/${path}`,
    operation: {
      operationId,
      summary,
      security: [{ operator: [] }],
      requestBody: { required: true, content: { 'application/json': { schema } } },
      responses: {
        ...json('200', 'What became of the key', keyOutcome),
        ...problems(CODES.operator, CODES.body, CODES.schema, needsHsm ? HSM_FAILURES : KEY_FAILURES),
      },
    },
    handler: (deps) => async (request, response) => {
      const actor = actorOf(deps.authenticator, CHANGING, request, response);
      const given = await readJson(request, { schema, ...KEY_ACT_LIMITS });
      const outcome = await act.run(deps.keys, request.params.kid ?? '', given as z.infer<T>, actor);
      sendJson(response, 200, outcomeRepresentation(deps, outcome));
    },
  };
}

const rotate: Route<KeyActParts> = {
  method: 'post',
  path: '/v1/admin/scopes/{scope}/rotate',
  operation: {
    operationId: 'rotateScope',
    summary: 'The standby signs from now on; role `operator`',
    security: [{ operator: [] }],
    requestBody: { required: true, content: { 'application/json': { schema: rotationRequest } } },
    responses: {
      ...json('200', 'The key that signs, and the one that did', rotation),
      ...problems(CODES.operator, CODES.body, CODES.schema, KEY_FAILURES, ['unknown_scope', 'no_standby']),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorOf(deps.authenticator, CHANGING, request, response);
    const { reason } = await readJson(request, { schema: rotationRequest, ...KEY_ACT_LIMITS });
    const scopeId = request.params.scope ?? '';
    const { activated, deactivated } = await deps.keys.rotate(scopeId, reason, 'operator', actor);
    sendJson(response, 200, {
      activated: represented(deps, activated),
      deactivated: deactivated ? represented(deps, deactivated) : null,
    });
  },
};

export const adminKeyActRoutes = [
  rotate,
  keyAct({
    path: 'suspend',
    operationId: 'suspendKey',
    summary: 'Out of use for an investigation, at once, the standby in its place; role `operator`',
    schema: keyActRequest,
    needsHsm: false,
    run: (keys, kid, { reason }, actor) => keys.suspend(kid, reason, 'operator', actor),
  }),
  keyAct({
    path: 'resume',
    operationId: 'resumeKey',
    summary: 'What a suspended key has signed is accepted again; it signs no more; role `operator`',
    schema: keyActRequest,
    needsHsm: true,
    run: (keys, kid, { reason }, actor) => keys.resume(kid, reason, actor),
  }),
  keyAct({
    path: 'undo-rotation',
    operationId: 'undoRotation',
    summary: 'This key signs again, which a rotation has deactivated; role `operator`',
    schema: keyActRequest,
    needsHsm: true,
    run: (keys, kid, { reason }, actor) => keys.undoRotation(kid, reason, actor),
  }),
  keyAct({
    path: 'destroy',
    operationId: 'destroyKey',
    summary: 'The private half goes from the HSM before its time; role `operator`',
    schema: keyActRequest,
    needsHsm: true,
    run: (keys, kid, { reason }, actor) => keys.destroy(kid, reason, actor),
  }),
];

export function outcomeRepresentation(deps: KeyActParts, { key, promoted, already }: KeyOutcome) {
  return {
    key: represented(deps, key),
    promoted: promoted ? represented(deps, promoted) : null,
    already,
  };
}

function represented({ keyRing, knownKeys }: KeyActParts, key: SigningKey) {
  const scope = keyRing.scope(key.scopeId);
  const known = knownKeys.knownKey(key.kid);
  if (!scope || !known) throw new Error(`key ${key.kid} is not in the ring`);
  return keyRepresentation({ ...known, key }, scope);
}
