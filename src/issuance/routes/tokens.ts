import { z } from 'zod';
import type { IssuedToken, TokenIssuer } from '../../kernel/issuance.ts';
import { WRITTEN_TYPES } from '../../kernel/policy.ts';
import { type AdmissionDeps, admitClient, jsonBody } from '../../server/admission.ts';
import { type JsonBody, readJson } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import { problem } from '../../server/wire.ts';
import { MAX_CLAIMS_DEPTH } from '../caller-claims.ts';

const MAX_BATCH = 1_000;

/** What a caller asks to be signed. Limits on claims and lifetime are the scope's, so the issuer judges them. */
const tokenRequest = z
  .strictObject({
    claims: z.record(z.string(), z.unknown(), 'use an object of claims').meta({
      description:
        'All but iss, aud, iat, nbf, exp and jti, which Keyward writes; `sub` in an access token (`at+jwt`). ' +
        'Only what every verifier reads alike: no two names of one object that differ in case, blanks or ' +
        'characters not shown, no registered name in such a spelling, no name with U+0000, no number that a ' +
        'double does not hold, no whole number beyond 2⁵³.',
    }),
    ttl_seconds: z.int('use a whole number of seconds').optional(),
    typ: z.enum(WRITTEN_TYPES, `use ${WRITTEN_TYPES.join(' or ')}`).optional(),
  })
  .meta({ id: 'TokenRequest', examples: [{ claims: { sub: 'alice' }, ttl_seconds: 300, typ: 'at+jwt' }] });

export const issuedToken = z
  .object({
    token: z.string().meta({ description: 'A compact JWS (RFC 7515).' }),
    kid: z.string().meta({ description: 'RFC 7638 thumbprint of the key.' }),
    jti: z.string(),
    iat: z.int(),
    exp: z.int(),
  })
  .meta({ id: 'IssuedToken' });

export const tokenBatch = z
  .strictObject({
    requests: z.array(tokenRequest, 'use a list of token requests').min(1, 'send at least 1').max(MAX_BATCH),
  })
  .meta({
    id: 'TokenBatch',
    examples: [{ requests: [{ claims: { sub: 'alice' } }, { claims: { sub: 'bob' }, ttl_seconds: 60 }] }],
  });

const tokenProblem = z.object({ problem }).meta({ id: 'TokenProblem' });

export const tokenResults = z
  .object({ results: z.array(z.union([issuedToken, tokenProblem])) })
  .meta({ id: 'TokenResults' });

type TokenRequestBody = z.infer<typeof tokenRequest>;
export type TokenBatchBody = z.infer<typeof tokenBatch>;

const BODY: JsonBody<TokenRequestBody> = {
  schema: tokenRequest,
  maxBytes: 64 * 1024,
  maxDepth: MAX_CLAIMS_DEPTH + 1,
  tooDeep: 'claims_too_deep',
  // Refused by the issuer: in a batch it spoils only the request that it is in.
  inexactNumbers: 'as_nan',
};

/** One token. */
export const issueToken: Route<AdmissionDeps & { readonly issuer: TokenIssuer }> = {
  method: 'post',
  path: '/v1/scopes/{scope}/tokens',
  operation: {
    operationId: 'issueToken',
    summary: 'Sign a token for this scope; grant `sign`',
    security: [{ client: [] }],
    requestBody: jsonBody(tokenRequest, BODY),
    responses: {
      ...json('201', 'The token, recorded and verified', issuedToken),
      ...problems(CODES.client, ['unknown_scope'], CODES.body, CODES.schema, CODES.issuing),
    },
  },
  handler: (deps) => async (request, response) => {
    const { clientId, scopeId } = await admitClient(deps, 'sign', request, response);
    const { claims, ttl_seconds: ttlSeconds, typ } = await readJson(request, BODY);
    const { trace } = response.locals;
    const issued = await deps.issuer.issue({ scopeId, clientId, claims, ttlSeconds, typ, trace });
    sendJson(response, 201, tokenRepresentation(issued));
  },
};

export function tokenRepresentation({
  token,
  kid,
  jti,
  iat,
  exp,
}: IssuedToken): Omit<IssuedToken, 'canRelease'> {
  return { token, kid, jti, iat, exp };
}
