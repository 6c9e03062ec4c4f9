import { z } from 'zod';
import type { Authenticator } from '../../kernel/actor.ts';
import type { ActName } from '../../kernel/acts.ts';
import type { ErrorCode } from '../../kernel/errors.ts';
import { type KeyRing, type KnownKeys, requireScope } from '../../kernel/key.ts';
import { actorOf, jsonBody, READING } from '../../server/admission.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../../server/ask-gate.ts';
import { readJson, validated } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import { wireText } from '../../server/wire.ts';
import type { CompromiseReports } from '../key-administration.ts';
import { compromise, compromiseRepresentation } from './compromise.ts';
import { COUNTED_WITHIN_MS } from './key-acts.ts';
import {
  compromiseRequest,
  key,
  keyActRequest,
  keyOutcome,
  keyRepresentation,
  refusedKey,
  rotation,
  rotationRequest,
  tokenOutcome,
} from './wire.ts';

const filter = z.strictObject({ scope: wireText('name one scope').meta({ maxLength: 63 }).optional() });

const keyList = z.object({ keys: z.array(key), refused: z.array(refusedKey) });
export type KeyListAnswer = z.infer<typeof keyList>;

interface KeyParts {
  readonly authenticator: Authenticator;
  readonly keyRing: KeyRing;
  readonly knownKeys: KnownKeys;
}

const listKeys: Route<KeyParts> = {
  method: 'get',
  path: '/v1/admin/keys',
  operation: {
    operationId: 'listKeys',
    summary: 'The keys of all scopes or of one; any role',
    security: [{ operator: [] }],
    requestParams: { query: filter },
    responses: {
      ...json(
        '200',
        'Keys that are not destroyed, newest first within a scope, and the rows that were refused',
        keyList,
      ),
      ...problems(CODES.operator, CODES.schema, ['unknown_scope']),
    },
  },
  handler:
    ({ authenticator, keyRing, knownKeys }) =>
    (request, response) => {
      actorOf(authenticator, READING, request, response);
      const { scope: scopeId } = validated(filter, { ...request.query });
      const scopes = scopeId === undefined ? keyRing.scopes() : [requireScope(keyRing, scopeId)];
      const keys = scopes.flatMap((scope) =>
        knownKeys.knownKeysOf(scope.id).map((each) => keyRepresentation(each, scope)),
      );
      const refused = knownKeys
        .refusedKeys()
        .filter((row) => scopeId === undefined || row.scopeId === scopeId)
        .map(({ kid, scopeId: scope, why }) => ({ kid, scope, why }));
      sendJson(response, 200, { keys, refused });
    },
};

export const adminKeyRoutes = [listKeys];

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
    summary:
      'Mark a key compromised: reject everything it signed, immediately and permanently; role `operator`',
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

interface CompromiseDeps {
  readonly authenticator: Authenticator;
  readonly compromises: CompromiseReports;
}

const showCompromise: Route<CompromiseDeps> = {
  method: 'get',
  path: '/v1/admin/keys/{kid}/compromise',
  operation: {
    operationId: 'showCompromise',
    summary: 'What the compromise of a key hits, as far as it is known by now; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'What is hit', z.object({ compromise })),
      ...problems(CODES.operator, ['unknown_key', 'transition_forbidden']),
    },
  },
  handler: (deps) => async (request, response) => {
    actorOf(deps.authenticator, READING, request, response);
    const report = await deps.compromises.report(request.params.kid ?? '', COUNTED_WITHIN_MS);
    sendJson(response, 200, { compromise: compromiseRepresentation(report) });
  },
};

export const adminCompromiseRoutes = [showCompromise];
