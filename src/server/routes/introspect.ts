import type { TokenVerifier } from '../../domain/verification.ts';
import { introspect } from '../../verification/introspect.ts';
import { type AdmissionParts, presenterOf } from '../admission.ts';
import { admitTokenRequest, CLIENT_AUTHENTICATION, FORM } from '../oauth-endpoint.ts';
import { formBody } from '../requests.ts';
import { CODES, json, oauthErrors } from '../responses.ts';
import type { Route } from '../route.ts';
import { introspection, introspectionRequest } from '../schemas/verification.ts';
import { sendJson } from '../send.ts';

/** RFC 7662. `token_type_hint` is ignored, since there is one type. */
export const introspectToken: Route<AdmissionParts & { readonly verifier: TokenVerifier }> = {
  method: 'post',
  path: '/v1/scopes/{scope}/introspect',
  operation: {
    operationId: 'introspectToken',
    summary: 'Introspect a token for this scope (RFC 7662); grant `verify`',
    security: CLIENT_AUTHENTICATION,
    requestBody: formBody(introspectionRequest, FORM),
    responses: {
      ...json('200', 'What the token says, or only that it is not active', introspection),
      ...oauthErrors(CODES.client, ['unknown_scope', 'ledger_unavailable', 'invalid_request'], CODES.body),
    },
  },
  oauth: true,
  handler: (deps) => async (request, response) => {
    const { clientId, scopeId, token } = await admitTokenRequest(deps, 'verify', request, response);
    const by = presenterOf(clientId, request, response);
    sendJson(response, 200, await introspect(deps.verifier, scopeId, token, by));
  },
};
