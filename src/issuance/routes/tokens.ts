import type { IssuedToken, TokenIssuer } from '../../kernel/issuance.ts';
import { MAX_CLAIMS_DEPTH } from '../caller-claims.ts';
import { type AdmissionParts, admitClient } from '../../server/admission.ts';
import { type JsonBody, readJson } from '../../server/read-body.ts';
import { jsonBody } from '../../server/requests.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { issuedToken, type TokenRequestBody, tokenRequest } from '../../server/schemas/token.ts';
import { sendJson } from '../../server/send.ts';

const BODY: JsonBody<TokenRequestBody> = {
  schema: tokenRequest,
  maxBytes: 64 * 1024,
  maxDepth: MAX_CLAIMS_DEPTH + 1,
  tooDeep: 'claims_too_deep',
  // Refused by the issuer: in a batch it spoils only the request that it is in.
  inexactNumbers: 'as_nan',
};

/** One token. */
export const issueToken: Route<AdmissionParts & { readonly issuer: TokenIssuer }> = {
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
    const issued = await deps.issuer.issue({ scopeId, clientId, claims, ttlSeconds, typ });
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
