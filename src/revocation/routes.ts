import { z } from 'zod';
import type {
  Revocation,
  RevocationAdministration,
  RevocationRule,
  TokenRevocation,
} from '../kernel/revocation.ts';
import { type AdmissionDeps, actorOf, formBody, jsonBody, READING } from '../server/admission.ts';
import { actorFor, type GateDeps, sendOutcome } from '../server/ask-gate.ts';
import { admitTokenRequest, CLIENT_AUTHENTICATION, FORM } from '../server/oauth-endpoint.ts';
import { readJson, validated } from '../server/read-body.ts';
import { CODES, json, oauthErrors, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { sendJson } from '../server/send.ts';
import { afterNumber, clientSecretPost, idText, nextNumber, pageOf, wireText } from '../server/wire.ts';

const text = wireText('use text');
const name = text.meta({ minLength: 1, maxLength: 4_096 });
const seconds = z.int('use whole seconds since the epoch').min(0).max(99_999_999_999);

/** RFC 7009 §2.1. */
const revocationForm = z
  .looseObject({
    token: wireText(),
    token_type_hint: wireText().optional().meta({ description: 'Ignored.' }),
    ...clientSecretPost,
  })
  .meta({
    id: 'TokenRevocationRequest',
    examples: [
      { token: 'eyJhbGciOi…' },
      { token: 'eyJhbGciOi…', client_id: 'checkout', client_secret: 'kw_svc_…' },
    ],
  });

export const revocationRequest = z
  .strictObject({
    scope: idText.optional().meta({ description: 'Left out: of every scope.' }),
    jti: name.optional().meta({ description: 'One token.' }),
    root: name
      .optional()
      .meta({ description: 'Every token of that root event, those yet to come included.' }),
    client: idText.optional().meta({ description: 'Every token issued to that client.' }),
    issued_from: seconds.optional().meta({ description: 'First `iat`.' }),
    issued_until: seconds.optional().meta({ description: 'Last `iat`; for a client alone, now by default.' }),
    reason: text.meta({ maxLength: 256 }).default(''),
  })
  .meta({
    id: 'RevocationRequest',
    description: 'Revokes the tokens that every member given fits.',
    examples: [{ scope: 'payments', client: 'checkout', reason: 'credential found in a repository' }],
  });

const revocation = z
  .object({
    sequence: z.int(),
    scope: z.string().nullable(),
    jti: z
      .string()
      .nullable()
      .meta({ examples: ['Zm9ydHktZWlnaHQtYml0cy1h'] }),
    root: z.string().nullable(),
    client: z.string().nullable(),
    issued_from: z.int().nullable(),
    issued_until: z.int().nullable(),
    created_at: z.int(),
    lapses_at: z.int().nullable().meta({ description: 'When the last token it fits has expired.' }),
    revoked_by: z.string(),
    reason: z.string(),
  })
  .meta({ id: 'Revocation' });
export type RevocationAnswer = z.infer<typeof revocation>;

export function ruleOf(given: z.infer<typeof revocationRequest>): RevocationRule {
  return {
    scopeId: given.scope ?? null,
    jti: given.jti ?? null,
    root: given.root ?? null,
    clientId: given.client ?? null,
    issuedFrom: given.issued_from ?? null,
    issuedUntil: given.issued_until ?? null,
  };
}

export function revocationRepresentation(of: Revocation): RevocationAnswer {
  return {
    sequence: of.sequence,
    scope: of.scopeId,
    jti: of.jti,
    root: of.root,
    client: of.clientId,
    issued_from: of.issuedFrom,
    issued_until: of.issuedUntil,
    created_at: of.createdAt,
    lapses_at: of.lapsesAt,
    revoked_by: of.revokedBy,
    reason: of.reason,
  };
}

interface RevocationParts extends GateDeps {
  readonly revocations: RevocationAdministration;
}

const BODY = {
  schema: revocationRequest,
  maxBytes: 16 * 1024,
  maxDepth: 8,
  tooDeep: 'malformed_json',
} as const;

const addRevocation: Route<RevocationParts> = {
  method: 'post',
  path: '/v1/admin/revocations',
  operation: {
    operationId: 'addRevocation',
    summary: 'Revoke tokens by jti, root event, client or time, immediately and permanently; role `operator`',
    security: [{ operator: [] }],
    requestBody: jsonBody(revocationRequest, BODY),
    responses: {
      ...json('201', 'The rule, in force', z.object({ revocation })),
      ...problems(CODES.operator, CODES.body, CODES.schema, [
        'invalid_revocation',
        'unknown_scope',
        'unknown_client',
        'store_unavailable',
      ]),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('revocation.add', deps, request, response);
    const parameters = await readJson(request, BODY);
    sendOutcome(response, await deps.gate.ask({ act: 'revocation.add', parameters, actor }), { status: 201 });
  },
};

const revocationPage = z.object({ revocations: z.array(revocation), next: nextNumber });
export type RevocationPageAnswer = z.infer<typeof revocationPage>;

const listRevocations: Route<RevocationParts> = {
  method: 'get',
  path: '/v1/admin/revocations',
  operation: {
    operationId: 'listRevocations',
    summary: 'The revocations in force, the newest first; any role',
    security: [{ operator: [] }],
    requestParams: { query: afterNumber },
    responses: {
      ...json('200', 'Rules whose tokens may still be alive', revocationPage),
      ...problems(CODES.operator, CODES.schema),
    },
  },
  handler:
    ({ authenticator, revocations }) =>
    (request, response) => {
      actorOf(authenticator, READING, request, response);
      const { after, limit } = validated(afterNumber, { ...request.query });
      const found = revocations.list({ before: after, limit: limit + 1 });
      const { page, next } = pageOf(found, limit, ({ sequence }) => sequence);
      sendJson(response, 200, { revocations: page.map(revocationRepresentation), next });
    },
};

export const adminRevocationRoutes = [addRevocation, listRevocations];

/** RFC 7009, for a token of this scope. Whoever asks learns nothing of the token, not even whether there is one. */
export const revokeToken: Route<AdmissionDeps & { readonly tokenRevocation: TokenRevocation }> = {
  method: 'post',
  path: '/v1/scopes/{scope}/revoke',
  operation: {
    operationId: 'revokeToken',
    summary: 'Revoke a token of this scope (RFC 7009); grant `revoke`',
    ...CLIENT_AUTHENTICATION,
    requestBody: formBody(revocationForm, FORM),
    responses: {
      ...json('200', 'The token is good no longer, if it ever was', z.object({})),
      ...oauthErrors(CODES.client, ['unknown_scope', 'store_unavailable', 'invalid_request'], CODES.body),
    },
  },
  oauth: true,
  handler: (deps) => async (request, response) => {
    const { clientId, scopeId, token } = await admitTokenRequest(deps, 'revoke', request, response);
    const { requestId, traceId } = response.locals;
    const actor = { operatorId: `client:${clientId}`, requestId, traceId };
    await deps.tokenRevocation.revoke(scopeId, token, actor, request.ip);
    sendJson(response, 200, {});
  },
};
