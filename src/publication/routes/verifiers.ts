import { z } from 'zod';
import type { Authenticator } from '../../kernel/actor.ts';
import { KeywardError } from '../../kernel/errors.ts';
import { type KeyRing, requireScope } from '../../kernel/key.ts';
import type { VerifierDirectory, VerifierStanding } from '../../kernel/publication.ts';
import { type AdmissionDeps, actorOf, admitClient, jsonBody, READING } from '../../server/admission.ts';
import { readJson, validated } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import { wireText } from '../../server/wire.ts';

const DEFAULT_INSTANCE = 'default';

export const instance = z
  .string('use text')
  .regex(/^[A-Za-z0-9._:-]{1,64}$/, 'use 1 to 64 letters, digits and . _ : -')
  .default(DEFAULT_INSTANCE)
  .meta({ description: 'Tells the processes of one client apart, such as a host name.' });

const acknowledgement = z
  .strictObject({
    version: z.int('use a whole number').min(1).meta({ description: 'Of the key set held now.' }),
    instance: instance.optional(),
  })
  .meta({ id: 'Acknowledgement' });

const verifier = z
  .object({
    scope: z.string(),
    client: z.string(),
    instance: z.string(),
    connected_since: z
      .int()
      .nullable()
      .meta({ description: 'Null where it does not follow the events now.' }),
    version: z.int().nullable().meta({ description: 'The newest key set it said it holds.' }),
    version_since: z.int().nullable(),
    published_version: z.int(),
    lags_for_seconds: z.int().nullable().meta({
      description:
        'Since when it is connected without holding what is published; null where it does not lag.',
    }),
    last_seen: z.int(),
  })
  .meta({ id: 'Verifier' });
export type VerifierAnswer = z.infer<typeof verifier>;

function verifierRepresentation(of: VerifierStanding, publishedVersion: number): VerifierAnswer {
  return {
    scope: of.scopeId,
    client: of.clientId,
    instance: of.instance,
    connected_since: of.connectedSince,
    version: of.version,
    version_since: of.versionSince,
    published_version: publishedVersion,
    lags_for_seconds: of.lagsForSeconds === null ? null : Math.floor(of.lagsForSeconds),
    last_seen: of.lastSeen,
  };
}

const BODY = { schema: acknowledgement, maxBytes: 1_024, maxDepth: 1, tooDeep: 'malformed_json' } as const;

/** So that whoever changes a key set knows who has followed, and names who has not. */
export const acknowledgeKeySet: Route<AdmissionDeps & { readonly verifiers: VerifierDirectory }> = {
  method: 'post',
  path: '/v1/scopes/{scope}/acks',
  operation: {
    operationId: 'acknowledgeKeySet',
    summary: 'The key-set version that this verifier holds; grant `verify`',
    security: [{ client: [] }],
    requestBody: jsonBody(acknowledgement, BODY),
    responses: {
      ...json('200', 'The version that is published', z.object({ version: z.int() })),
      ...problems(CODES.client, ['unknown_scope'], CODES.body, CODES.schema),
    },
  },
  handler: (deps) => async (request, response) => {
    const { clientId, scopeId } = await admitClient(deps, 'verify', request, response);
    const { version, instance = DEFAULT_INSTANCE } = await readJson(request, BODY);
    const published = () => deps.keyRing.scope(scopeId)?.keySetVersion ?? 0;
    // Another front may have published it a moment ago.
    if (version > published()) await response.locals.plane.news();
    if (version > published()) {
      throw new KeywardError('invalid_request', `version: the newest of this scope is ${published()}`);
    }
    deps.verifiers.holds({ scopeId, clientId, instance }, version);
    sendJson(response, 200, { version: published() });
  },
};

const filter = z.strictObject({ scope: wireText('name one scope').meta({ maxLength: 63 }).optional() });

interface VerifierDeps {
  readonly authenticator: Authenticator;
  readonly keyRing: KeyRing;
  readonly verifiers: Pick<VerifierDirectory, 'list'>;
}

const listVerifiers: Route<VerifierDeps> = {
  method: 'get',
  path: '/v1/admin/verifiers',
  operation: {
    operationId: 'listVerifiers',
    summary: 'Who verifies by itself, and with which key set; any role',
    security: [{ operator: [] }],
    requestParams: { query: filter },
    responses: {
      ...json(
        '200',
        'Verifiers that followed the events or acknowledged a key set since the start, of all fronts; connected ones first',
        z.object({ verifiers: z.array(verifier) }),
      ),
      ...problems(CODES.operator, CODES.schema, ['unknown_scope']),
    },
  },
  handler:
    ({ authenticator, keyRing, verifiers }) =>
    (request, response) => {
      actorOf(authenticator, READING, request, response);
      const { scope } = validated(filter, { ...request.query });
      if (scope !== undefined) requireScope(keyRing, scope);
      const listed = verifiers
        .list(scope)
        .map((each) => verifierRepresentation(each, keyRing.scope(each.scopeId)?.keySetVersion ?? 0));
      sendJson(response, 200, { verifiers: listed });
    },
};

export const adminVerifierRoutes = [listVerifiers];
