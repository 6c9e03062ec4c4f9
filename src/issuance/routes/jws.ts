import { z } from 'zod';
import { KeywardError } from '../../kernel/errors.ts';
import type { TokenIssuer } from '../../kernel/issuance.ts';
import { requireScope, type SigningKey } from '../../kernel/key.ts';
import { TOKEN_TYPES } from '../../kernel/policy.ts';
import type { Scope } from '../../kernel/scope.ts';
import { type AdmissionDeps, admitClient, jsonBody } from '../../server/admission.ts';
import { type JsonBody, readJson } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import { wireText } from '../../server/wire.ts';
import { requireExternalClaims } from '../check-signing-input.ts';
import { longestTtl } from '../compose-token.ts';
import { issuedToken, tokenRepresentation } from './tokens.ts';

const jwsRequest = z
  .strictObject({
    signing_input: wireText('use header and claims in base64url with a dot between them').meta({
      description: 'Header and claims as RFC 7515 §5.1 has them. Signed as they are, or refused.',
    }),
  })
  .meta({ id: 'JwsRequest' });

type JwsRequestBody = z.infer<typeof jwsRequest>;

const jwsTerms = z
  .object({
    issuer: z.string(),
    audience: z.string(),
    kid: z.string().meta({ description: 'The key that signs now; a rotation makes it another.' }),
    alg: z.string(),
    token_types: z.array(z.enum(TOKEN_TYPES)).meta({ description: 'For `typ`; `untyped`: leave it out.' }),
    max_ttl_seconds: z.int().meta({ description: 'For `exp - iat`.' }),
    clock_skew_seconds: z.int().meta({ description: 'How far `iat` may be from the time here.' }),
    sign_until: z.int().meta({ description: 'The last `iat` for this key, unless it is rotated before.' }),
  })
  .meta({ id: 'JwsTerms' });

function jwsTermsRepresentation(scope: Scope, key: SigningKey): z.infer<typeof jwsTerms> {
  const { issuer, audience, policy } = scope;
  return {
    issuer,
    audience,
    kid: key.kid,
    alg: key.binding.algorithm,
    token_types: [...policy.tokenTypes],
    max_ttl_seconds: longestTtl(scope, key),
    clock_skew_seconds: policy.clockSkewSeconds,
    sign_until: Math.min(key.signUntil, key.binding.signUntil),
  };
}

type JwsDeps = AdmissionDeps & { readonly issuer: TokenIssuer };

const PATH = '/v1/scopes/{scope}/jws';

const BODY: JsonBody<JwsRequestBody> = {
  schema: jwsRequest,
  maxBytes: 16 * 1024,
  maxDepth: 1,
  tooDeep: 'malformed_json',
};

/** I2's exception: for identity servers that write all claims themselves, where two persons allowed it. */
const signJws: Route<JwsDeps> = {
  method: 'post',
  path: PATH,
  operation: {
    operationId: 'signJws',
    summary: 'Sign the signing input of an identity server; grant `sign`, policy `external_claims`',
    description:
      'It has to say what Keyward would have written, and is refused where it does not; nothing of it is changed. ' +
      'After `kid_not_active` ask for the terms and write the token again; every attempt needs a new `jti`.',
    security: [{ client: [] }],
    requestBody: jsonBody(jwsRequest, BODY),
    responses: {
      ...json('201', 'The token, recorded and verified', issuedToken),
      ...problems(
        CODES.client,
        ['unknown_scope'],
        CODES.body,
        CODES.schema,
        CODES.externalClaims,
        CODES.issuing.filter((code) => code !== 'reserved_claim'),
      ),
    },
  },
  handler: (deps) => async (request, response) => {
    const { clientId, scopeId } = await admitClient(deps, 'sign', request, response);
    const { signing_input: signingInput } = await readJson(request, BODY);
    const { trace } = response.locals;
    const issued = await deps.issuer.issue({ scopeId, clientId, signingInput, trace });
    sendJson(response, 201, tokenRepresentation(issued));
  },
};

/** So that a signing input can be written in time with the `kid` that will be asked for. */
const tellJwsTerms: Route<JwsDeps> = {
  method: 'get',
  path: PATH,
  operation: {
    operationId: 'tellJwsTerms',
    summary: 'What a signing input has to say now; grant `sign`, policy `external_claims`',
    security: [{ client: [] }],
    responses: {
      ...json('200', 'The key that signs now, and the bounds', jwsTerms),
      ...problems(CODES.client, ['unknown_scope', 'external_claims_off', 'no_active_key']),
    },
  },
  handler: (deps) => async (request, response) => {
    const { scopeId } = await admitClient(deps, 'sign', request, response);
    const scope = requireScope(deps.keyRing, scopeId);
    requireExternalClaims(scope);
    const key = deps.keyRing.activeKey(scopeId);
    if (!key) throw new KeywardError('no_active_key', 'no proven key signs for this scope now');
    sendJson(response, 200, jwsTermsRepresentation(scope, key));
  },
};

export const jwsRoutes = [signJws, tellJwsTerms];
