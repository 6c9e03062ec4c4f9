import { z } from 'zod';
import type { Sightings } from '../../kernel/verification.ts';
import { type AdmissionDeps, admitClient, jsonBody, requestOriginOf } from '../../server/admission.ts';
import { readJson } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import { digestText } from '../../server/wire.ts';

const MAX_SIGHTINGS = 1_000;

const digest = digestText('signing input').meta({
  description: 'SHA-256 of `header.payload` as presented, base64url.',
});

const time = z.int('use seconds since the epoch').min(0);

const sightingReport = z
  .strictObject({
    sightings: z
      .array(
        z.strictObject({
          digest,
          iat: time.meta({
            description: 'The token’s `iat`, rounded down: where its record is looked for, and nowhere else.',
          }),
          seen_at: time.optional().meta({ description: 'When it was accepted; for the reader, not used.' }),
        }),
        'use a list of sightings',
      )
      .min(1, 'send at least 1')
      .max(MAX_SIGHTINGS),
  })
  .meta({ id: 'SightingReport' });

const unknownSightings = z
  .object({
    unknown: z
      .array(z.string())
      .meta({ description: 'Digests without a record here. No verdict: have the tokens verified.' }),
  })
  .meta({ id: 'UnknownSightings' });

const BODY = {
  schema: sightingReport,
  maxBytes: 128 * 1024,
  maxDepth: 8,
  tooDeep: 'malformed_json',
} as const;

/** What a relying service accepted offline: the answer names what is not on record. Nothing is stored. */
export const reportSightings: Route<AdmissionDeps & { readonly sightings: Sightings }> = {
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
      requestOriginOf(clientId, request, response),
    );
    sendJson(response, 200, { unknown: unknown.map((digest) => digest.toString('base64url')) });
  },
};
