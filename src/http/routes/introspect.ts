import { KeywardError } from '../../domain/errors.ts';
import type { TokenVerifier } from '../../domain/verification.ts';
import { introspect } from '../../verification/introspect.ts';
import { type AdmissionParts, admitClient, presenterOf } from '../admission.ts';
import { readForm } from '../form-body.ts';
import { CODES, json, problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { introspection, introspectionRequest } from '../schemas/verification.ts';
import { sendJson } from '../send.ts';

const MAX_BYTES = 16 * 1024;

/** RFC 7662. The caller shows its own credential; `token_type_hint` is ignored, since there is one type. */
export const introspectToken: Route<AdmissionParts & { readonly verifier: TokenVerifier }> = {
  method: 'post',
  path: '/v1/scopes/{scope}/introspect',
  operation: {
    operationId: 'introspectToken',
    summary: 'Introspect a token for this scope (RFC 7662); grant `verify`',
    security: [{ client: [] }],
    requestBody: {
      required: true,
      content: { 'application/x-www-form-urlencoded': { schema: introspectionRequest } },
    },
    responses: {
      ...json('200', 'What the token says, or only that it is not active', introspection),
      ...problems(CODES.client, ['unknown_scope', 'ledger_unavailable', 'invalid_request'], CODES.body),
    },
  },
  handler: (deps) => async (request, response) => {
    const { clientId, scopeId } = await admitClient(deps, 'verify', request, response);
    const token = (await readForm(request, MAX_BYTES)).get('token');
    if (token === undefined) throw new KeywardError('invalid_request', 'token: give the token to introspect');
    const by = presenterOf(clientId, request, response);
    sendJson(response, 200, await introspect(deps.verifier, scopeId, token, by));
  },
};
