import { z } from 'zod';
import type { TokenRevocation } from '../../kernel/revocation.ts';
import type { AdmissionParts } from '../admission.ts';
import { admitTokenRequest, CLIENT_AUTHENTICATION, FORM } from '../oauth-endpoint.ts';
import { formBody } from '../requests.ts';
import { CODES, json, oauthErrors } from '../responses.ts';
import type { Route } from '../route.ts';
import { revocationForm } from '../schemas/revocation.ts';
import { sendJson } from '../send.ts';

/** RFC 7009, for a token of this scope. Whoever asks learns nothing of the token, not even whether there is one. */
export const revokeToken: Route<AdmissionParts & { readonly tokenRevocation: TokenRevocation }> = {
  method: 'post',
  path: '/v1/scopes/{scope}/revoke',
  operation: {
    operationId: 'revokeToken',
    summary: 'Revoke a token of this scope (RFC 7009); grant `revoke`',
    security: CLIENT_AUTHENTICATION,
    requestBody: formBody(revocationForm, FORM),
    responses: {
      ...json('200', 'The token is good no longer, if it ever was', z.object({})),
      ...oauthErrors(CODES.client, ['unknown_scope', 'store_unavailable', 'invalid_request'], CODES.body),
    },
  },
  oauth: true,
  handler: (deps) => async (request, response) => {
    const { clientId, scopeId, token } = await admitTokenRequest(deps, 'revoke', request, response);
    const actor = { operatorId: `client:${clientId}`, requestId: response.locals.requestId };
    await deps.tokenRevocation.revoke(scopeId, token, actor, request.ip);
    sendJson(response, 200, {});
  },
};
