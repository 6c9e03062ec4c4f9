import { z } from 'zod';
import { KeywardError } from '../../domain/errors.ts';
import type { TokenRevocation } from '../../domain/revocation.ts';
import { type AdmissionParts, admitClient } from '../admission.ts';
import { readForm } from '../form-body.ts';
import { CODES, json, problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { revocationForm } from '../schemas/revocation.ts';
import { sendJson } from '../send.ts';

const MAX_BYTES = 16 * 1024;

/** RFC 7009, for a token of this scope. Whoever asks learns nothing of the token, not even whether there is one. */
export const revokeToken: Route<AdmissionParts & { readonly tokenRevocation: TokenRevocation }> = {
  method: 'post',
  path: '/v1/scopes/{scope}/revoke',
  operation: {
    operationId: 'revokeToken',
    summary: 'Revoke a token of this scope (RFC 7009); grant `revoke`',
    security: [{ client: [] }],
    requestBody: {
      required: true,
      content: { 'application/x-www-form-urlencoded': { schema: revocationForm } },
    },
    responses: {
      ...json('200', 'The token is good no longer, if it ever was', z.object({})),
      ...problems(CODES.client, ['unknown_scope', 'store_unavailable', 'invalid_request'], CODES.body),
    },
  },
  handler: (deps) => async (request, response) => {
    const { clientId, scopeId } = await admitClient(deps, 'revoke', request, response);
    const token = (await readForm(request, MAX_BYTES)).get('token');
    if (token === undefined) throw new KeywardError('invalid_request', 'token: give the token to revoke');
    const actor = { operatorId: `client:${clientId}`, requestId: response.locals.requestId };
    await deps.tokenRevocation.revoke(scopeId, token, actor, request.ip);
    sendJson(response, 200, {});
  },
};
