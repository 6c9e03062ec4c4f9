import { z } from 'zod';
import { KEY_STATES } from '../kernel/key.ts';
import { REFUSAL_REASONS, type TokenVerifier, type Verdict } from '../kernel/verification.ts';
import { type AdmissionDeps, admitClient, formBody, jsonBody, requestOriginOf } from '../server/admission.ts';
import { admitTokenRequest, CLIENT_AUTHENTICATION, FORM } from '../server/oauth-endpoint.ts';
import { readJson } from '../server/read-body.ts';
import { CODES, json, oauthErrors, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { sendJson } from '../server/send.ts';
import { clientSecretPost, wireText } from '../server/wire.ts';
import { introspect } from './introspect.ts';

const verifyRequest = z
  .strictObject({
    // Whatever was presented gets its reason, so other types pass; callers are told to send text.
    token: z
      .unknown()
      .refine((token) => token !== undefined, 'give the token to verify')
      .meta({ type: 'string' }),
  })
  .meta({ id: 'VerifyRequest' });

const verdict = z
  .union([
    z
      .object({
        valid: z.literal(true),
        claims: z.record(z.string(), z.unknown()),
        kid: z.string(),
        key_state: z.enum(KEY_STATES),
      })
      .meta({ id: 'ValidToken' }),
    z.object({ valid: z.literal(false), reason: z.enum(REFUSAL_REASONS) }).meta({ id: 'RefusedToken' }),
  ])
  .meta({ id: 'Verdict' });

/** RFC 7662 §2.1. */
const introspectionRequest = z
  .looseObject({
    token: wireText(),
    token_type_hint: wireText().optional().meta({ description: 'Ignored.' }),
    ...clientSecretPost,
  })
  .meta({
    id: 'IntrospectionRequest',
    examples: [
      { token: 'eyJhbGciOi…' },
      { token: 'eyJhbGciOi…', client_id: 'checkout', client_secret: 'kw_svc_…' },
    ],
  });

/** RFC 7662 §2.2; `scope` is OAuth's claim, not the key scope. */
const introspection = z
  .union([
    z
      .looseObject({
        active: z.literal(true),
        token_type: z.enum(['Bearer', 'DPoP']),
        iss: z.string(),
        aud: z.string(),
        iat: z.int(),
        exp: z.int(),
        nbf: z.int().optional(),
        sub: z.string().optional(),
        jti: z.string().optional(),
        client_id: z.string().optional(),
        username: z.string().optional(),
        scope: z
          .string()
          .optional()
          .meta({ examples: ['orders:read'] }),
        cnf: z.record(z.string(), z.unknown()).optional(),
      })
      .meta({ id: 'ActiveToken' }),
    z.object({ active: z.literal(false) }).meta({ id: 'InactiveToken' }),
  ])
  .meta({ id: 'Introspection' });

const BODY = { schema: verifyRequest, maxBytes: 16 * 1024, maxDepth: 8, tooDeep: 'malformed_json' } as const;

/** Whether a token is good for the scope that the relying service names (I4). */
export const verifyToken: Route<AdmissionDeps & { readonly verifier: TokenVerifier }> = {
  method: 'post',
  path: '/v1/scopes/{scope}/verify',
  operation: {
    operationId: 'verifyToken',
    summary: 'Verify a token for this scope; grant `verify`',
    security: [{ client: [] }],
    requestBody: jsonBody(verifyRequest, BODY),
    responses: {
      ...json('200', 'The verdict; a token that is refused is no problem of the request', verdict),
      ...problems(CODES.client, ['unknown_scope', 'ledger_unavailable'], CODES.body, CODES.schema),
    },
  },
  handler: (deps) => async (request, response) => {
    const { clientId, scopeId } = await admitClient(deps, 'verify', request, response);
    const { token } = await readJson(request, BODY);
    const verdict = await deps.verifier.verify(scopeId, token, requestOriginOf(clientId, request, response));
    sendJson(response, 200, verdictRepresentation(verdict));
  },
};

function verdictRepresentation(of: Verdict): object {
  return of.valid
    ? { valid: true, claims: of.claims, kid: of.kid, key_state: of.keyState }
    : { valid: false, reason: of.reason };
}

/** RFC 7662. `token_type_hint` is ignored, since there is one type. */
export const introspectToken: Route<AdmissionDeps & { readonly verifier: TokenVerifier }> = {
  method: 'post',
  path: '/v1/scopes/{scope}/introspect',
  operation: {
    operationId: 'introspectToken',
    summary: 'Introspect a token for this scope (RFC 7662); grant `verify`',
    ...CLIENT_AUTHENTICATION,
    requestBody: formBody(introspectionRequest, FORM),
    responses: {
      ...json('200', 'What the token says, or only that it is not active', introspection),
      ...oauthErrors(CODES.client, ['unknown_scope', 'ledger_unavailable', 'invalid_request'], CODES.body),
    },
  },
  oauth: true,
  handler: (deps) => async (request, response) => {
    const { clientId, scopeId, token } = await admitTokenRequest(deps, 'verify', request, response);
    const by = requestOriginOf(clientId, request, response);
    sendJson(response, 200, await introspect(deps.verifier, scopeId, token, by));
  },
};
