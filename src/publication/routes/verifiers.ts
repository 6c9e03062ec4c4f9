import { z } from 'zod';
import { KeywardError } from '../../kernel/errors.ts';
import type { VerifierDirectory } from '../../domain/verifiers.ts';
import { type AdmissionParts, admitClient } from '../../server/admission.ts';
import { readJson } from '../../server/read-body.ts';
import { jsonBody } from '../../server/requests.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { acknowledgement, DEFAULT_INSTANCE } from '../../server/schemas/verifier.ts';
import { sendJson } from '../../server/send.ts';

const BODY = { schema: acknowledgement, maxBytes: 1_024, maxDepth: 1, tooDeep: 'malformed_json' } as const;

/** So that whoever changes a key set knows who has followed, and names who has not. */
export const acknowledgeKeySet: Route<AdmissionParts & { readonly verifiers: VerifierDirectory }> = {
  method: 'post',
  path: '/v1/scopes/{scope}/acks',
  operation: {
    operationId: 'acknowledgeKeySet',
    summary: 'The key-set version that this verifier holds; grant `verify`',
    security: [{ client: [] }],
    requestBody: jsonBody(acknowledgement, BODY),
    responses: {
      ...json('200', 'The version that is published', z.object({ version: z.int() })),
      ...problems(CODES.client, ['unknown_scope'], CODES.body, CODES.schema),
    },
  },
  handler: (deps) => async (request, response) => {
    const { clientId, scopeId } = await admitClient(deps, 'verify', request, response);
    const { version, instance = DEFAULT_INSTANCE } = await readJson(request, BODY);
    const published = deps.keyRing.scope(scopeId)?.keySetVersion ?? 0;
    if (version > published) {
      throw new KeywardError('invalid_request', `version: the newest of this scope is ${published}`);
    }
    deps.verifiers.holds({ scopeId, clientId, instance }, version);
    sendJson(response, 200, { version: published });
  },
};
