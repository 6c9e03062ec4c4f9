import type { Sightings } from '../../domain/sightings.ts';
import { type AdmissionParts, admitClient, presenterOf } from '../../server/admission.ts';
import { readJson } from '../../server/read-body.ts';
import { jsonBody } from '../../server/requests.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { sightingReport, unknownSightings } from '../../server/schemas/sighting.ts';
import { sendJson } from '../../server/send.ts';

const BODY = {
  schema: sightingReport,
  maxBytes: 128 * 1024,
  maxDepth: 8,
  tooDeep: 'malformed_json',
} as const;

/** What a relying service accepted offline: the answer names what is not on record. Nothing is stored. */
export const reportSightings: Route<AdmissionParts & { readonly sightings: Sightings }> = {
  method: 'post',
  path: '/v1/scopes/{scope}/sightings',
  operation: {
    operationId: 'reportSightings',
    summary: 'Report digests of accepted tokens; grant `verify`',
    security: [{ client: [] }],
    requestBody: jsonBody(sightingReport, BODY),
    responses: {
      ...json('200', 'The digests that are not on record for this scope', unknownSightings),
      ...problems(
        CODES.client,
        ['unknown_scope', 'batch_too_large', 'ledger_unavailable'],
        CODES.body,
        CODES.schema,
      ),
    },
  },
  handler: (deps) => async (request, response) => {
    const { clientId, scopeId } = await admitClient(deps, 'verify', request, response);
    const { sightings } = await readJson(request, BODY);
    // The admission has counted one.
    if (sightings.length > 1) await response.locals.plane.limits.client(clientId, sightings.length - 1);
    const unknown = await deps.sightings.unknown(
      scopeId,
      sightings.map(({ digest, iat }) => ({ digest: Buffer.from(digest, 'base64url'), iat })),
      presenterOf(clientId, request, response),
    );
    sendJson(response, 200, { unknown: unknown.map((digest) => digest.toString('base64url')) });
  },
};
