import { z } from 'zod';
import { requiredDigest } from '../access/routes/wire.ts';
import type { Role } from '../kernel/actor.ts';
import type { Act } from '../kernel/acts.ts';
import type { JsonObject } from '../lib/json.ts';
import { actorOf, jsonBody } from '../server/admission.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../server/ask-gate.ts';
import { readJson, validated } from '../server/read-body.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { sendJson } from '../server/send.ts';
import { PRINTABLE, PRINTABLE_ASCII, wireText } from '../server/wire.ts';
import { CANARY_KINDS, type Canary, type CanaryAdministration, type WantedCanary } from './canary.ts';

const MOST_CHARACTERS = 256;

const planted = z
  .string('say it as text')
  .min(1, 'say where it will be planted')
  .max(MOST_CHARACTERS, `use at most ${MOST_CHARACTERS} characters`)
  .regex(PRINTABLE, 'use printable characters')
  .meta({
    description: 'Where it will be planted. The alarm tells it: name no person in it.',
    override: PRINTABLE_ASCII,
  });
const scope = wireText('use the id of a scope').meta({ minLength: 1, maxLength: 63 });

const credentialCanary = z
  .strictObject({ kind: z.literal('credential'), planted, credential_digest: requiredDigest })
  .meta({ id: 'CredentialCanary' });

const tokenCanary = z
  .strictObject({
    kind: z.literal('token'),
    planted,
    scope,
    client: wireText('use the id of a client').meta({
      maxLength: 63,
      description: 'In whose name it is recorded: it holds the grant to sign for the scope.',
    }),
    claims: z
      .record(z.string(), z.unknown(), 'use an object of claims')
      .meta({ description: 'As the tokens have them among which it will lie; of a subject that nobody is.' }),
    ttl_seconds: z.int('use a whole number of seconds').optional(),
  })
  .meta({ id: 'TokenCanary' });

const keyCanary = z.strictObject({ kind: z.literal('key'), planted, scope }).meta({ id: 'KeyCanary' });

/** What is planted; each kind has its own members. */
const canaryRequest = z
  .discriminatedUnion('kind', [credentialCanary, tokenCanary, keyCanary], {
    error: `kind: use one of ${CANARY_KINDS.join(', ')}`,
  })
  .meta({
    id: 'CanaryRequest',
    examples: [
      {
        kind: 'token',
        planted: 'environment of the build server',
        scope: 'payments',
        client: 'checkout',
        claims: { sub: 'svc-backup' },
      },
    ],
  });

const canary = z
  .object({
    id: z.string().meta({ examples: ['3f0c9a6e2b7d4185'] }),
    kind: z.enum(CANARY_KINDS),
    planted: z.string(),
    scope: z.string().nullable(),
    created_by: z.string(),
    created_at: z.int(),
    retired_at: z.int().nullable().meta({ description: 'From then on it raises no alarm.' }),
  })
  .meta({ id: 'Canary' });
export type CanaryAnswer = z.infer<typeof canary>;

/** Neither digest nor key: who reads it learns what there is, and not how to tell it from others. */
function canaryRepresentation(of: Canary): CanaryAnswer {
  return {
    id: of.id,
    kind: of.kind,
    planted: of.planted,
    scope: of.scopeId,
    created_by: of.createdBy,
    created_at: of.createdAt,
    retired_at: of.retiredAt,
  };
}

/** As the domain has it. */
function wantedCanary(given: z.infer<typeof canaryRequest>): WantedCanary {
  const { kind, planted: where } = given;
  if (kind === 'credential') {
    return { kind, planted: where, digest: Buffer.from(given.credential_digest, 'base64url') };
  }
  if (kind === 'key') return { kind, planted: where, scopeId: given.scope };
  const { scope: scopeId, client: clientId, claims, ttl_seconds: ttlSeconds } = given;
  return { kind, planted: where, scopeId, clientId, claims, ttlSeconds };
}

interface CanaryDeps extends GateDeps {
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
export type OneCanaryAnswer = z.infer<typeof one>;
const created = one.extend({ token: z.string().optional() });
export type CreatedCanaryAnswer = z.infer<typeof created>;

const listCanaries: Route<CanaryDeps> = {
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

const postCanary: Route<CanaryDeps> = {
  method: 'post',
  path: PATH,
  operation: {
    operationId: 'createCanary',
    summary: 'Make a decoy, whose use is an alarm; role `operator`, a token two persons',
    description:
      'A token is revoked before it is answered, and shown this once, to the operator who approves it.',
    security: [{ operator: [] }],
    requestBody: jsonBody(canaryRequest, BODY),
    responses: {
      ...json('201', 'The decoy', created),
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

const getCanary: Route<CanaryDeps> = {
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

const deleteCanary: Route<CanaryDeps> = {
  method: 'post',
  path: `${PATH}/{canary}/retire`,
  operation: {
    operationId: 'retireCanary',
    summary: 'Retire a decoy permanently: it raises no alarm any more; two persons',
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

export const adminCanaryRoutes = [listCanaries, postCanary, getCanary, deleteCanary];

export interface CanaryActDeps {
  readonly canaries: CanaryAdministration;
}

export function createCanary({ canaries }: CanaryActDeps): Act<'canary.create', JsonObject> {
  return {
    name: 'canary.create',
    read: (given) => ({ ...validated(canaryRequest, given) }) as JsonObject,
    // What it is, and where, is for those who may list them; of a token, for whoever approves what it says.
    plan: (parameters) => {
      const token = parameters.kind === 'token';
      return { subject: 'canaries', before: null, after: token ? parameters : null, facts: { token } };
    },
    async execute(parameters, actor) {
      const wanted = wantedCanary(validated(canaryRequest, parameters));
      const { canary, token } = await canaries.create(wanted, actor);
      return { canary: canaryRepresentation(canary), ...(token === null ? {} : { token }) };
    },
  };
}

const named = z.strictObject({ canary: z.string() });

export function retireCanary({ canaries }: CanaryActDeps): Act<'canary.retire', z.infer<typeof named>> {
  return {
    name: 'canary.retire',
    read: (given) => validated(named, given),
    plan({ canary: id }) {
      const canary = canaries.find(id);
      const { kind, planted } = canary;
      const planned = { subject: `canary:${id}`, before: { kind, planted }, after: null };
      return canary.retiredAt === null ? planned : { ...planned, unchanged: true };
    },
    async execute({ canary: id }, actor) {
      return { canary: canaryRepresentation(await canaries.retire(id, actor)) };
    },
  };
}
