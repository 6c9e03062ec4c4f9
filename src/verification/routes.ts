import type { TokenVerifier, Verdict } from '../domain/verification.ts';
import { type AdmissionParts, admitClient, presenterOf } from '../server/admission.ts';
import { readJson } from '../server/read-body.ts';
import { jsonBody } from '../server/requests.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { verdict, verifyRequest } from '../server/schemas/verification.ts';
import { sendJson } from '../server/send.ts';

const BODY = { schema: verifyRequest, maxBytes: 16 * 1024, maxDepth: 8, tooDeep: 'malformed_json' } as const;

/** Whether a token is good for the scope that the relying service names (I4). */
export const verifyToken: Route<AdmissionParts & { readonly verifier: TokenVerifier }> = {
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
    const verdict = await deps.verifier.verify(scopeId, token, presenterOf(clientId, request, response));
    sendJson(response, 200, verdictRepresentation(verdict));
  },
};

function verdictRepresentation(of: Verdict): object {
  return of.valid
    ? { valid: true, claims: of.claims, kid: of.kid, key_state: of.keyState }
    : { valid: false, reason: of.reason };
}
