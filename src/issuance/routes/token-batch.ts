import { KeywardError } from '../../kernel/errors.ts';
import type { TokenIssuer } from '../../kernel/issuance.ts';
import { untilDone } from '../../kernel/trace.ts';
import { type AdmissionDeps, admitClient, grantMissing, jsonBody } from '../../server/admission.ts';
import { asKeywardError, problemDocument } from '../../server/problem.ts';
import { type JsonBody, readJson } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { ApiResponse, Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import { MAX_CLAIMS_DEPTH } from '../caller-claims.ts';
import { type TokenBatchBody, tokenBatch, tokenRepresentation, tokenResults } from './tokens.ts';

const BODY: JsonBody<TokenBatchBody> = {
  schema: tokenBatch,
  maxBytes: 8 * 1024 * 1024,
  // Twice what claims may nest: one request whose claims do spoils only itself.
  maxDepth: 2 * MAX_CLAIMS_DEPTH + 3,
  tooDeep: 'claims_too_deep',
  // Refused by the issuer: it spoils only the request that it is in.
  inexactNumbers: 'as_nan',
};

/** Of one batch: spans of more tokens would crowd out those of other requests. */
const MOST_SPANNED = 8;

/** Up to 1,000 tokens in one request: each is issued or refused by itself. */
export const issueTokens: Route<AdmissionDeps & { readonly issuer: TokenIssuer }> = {
  method: 'post',
  path: '/v1/scopes/{scope}/tokens/batch',
  operation: {
    operationId: 'issueTokens',
    summary: 'Sign many tokens for this scope; grant `sign`',
    security: [{ client: [] }],
    requestBody: jsonBody(tokenBatch, BODY),
    responses: {
      ...json('200', 'A token or a problem for each request, in order', tokenResults),
      ...problems(
        CODES.client,
        ['unknown_scope', 'batch_too_large', 'claims_too_deep'],
        CODES.body,
        CODES.schema,
      ),
    },
  },
  handler: (deps) => async (request, response) => {
    const { clientId, scopeId } = await admitClient(deps, 'sign', request, response);
    const { requests } = await readJson(request, BODY);
    // The admission has counted one.
    if (requests.length > 1) await response.locals.plane.limits.client(clientId, requests.length - 1);
    const { trace } = response.locals;
    const outcomes = await Promise.allSettled(
      requests.map(({ claims, ttl_seconds: ttlSeconds, typ }, at) => {
        const span = at < MOST_SPANNED ? trace?.span?.begin('issue_token') : undefined;
        const own = trace && { traceId: trace.traceId, span };
        const issued = deps.issuer.issue({ scopeId, clientId, claims, ttlSeconds, typ, trace: own });
        return untilDone(span, issued);
      }),
    );
    // What was ready first has waited for the rest, and a client or a key may have been revoked meanwhile.
    if (!deps.grants.allows(clientId, scopeId, 'sign')) throw grantMissing('sign');
    sendJson(response, 200, {
      results: outcomes.map((outcome) => {
        if (outcome.status === 'rejected') return { problem: itemProblem(outcome.reason, response) };
        if (outcome.value.canRelease()) return tokenRepresentation(outcome.value);
        return { problem: itemProblem(overtaken(), response) };
      }),
    });
  },
};

function overtaken(): KeywardError {
  return new KeywardError(
    'no_active_key',
    'the key changed, or the token was revoked, while it waited; try again',
    {
      retryAfterSeconds: 1,
    },
  );
}

function itemProblem(thrown: unknown, { locals: { plane, requestId } }: ApiResponse) {
  const error = asKeywardError(thrown);
  plane.metrics.problems.inc({ code: error.code });
  if (error.code === 'internal')
    plane.log.error({ request_id: requestId, err: error.cause }, 'request of a batch');
  return problemDocument(error, requestId);
}
