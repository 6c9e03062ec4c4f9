import { z } from 'zod';
import { digestText } from './digest.ts';

export const MAX_SIGHTINGS = 1_000;

const digest = digestText('signing input').meta({
  description: 'SHA-256 of `header.payload` as presented, base64url.',
});

const time = z.int('use seconds since the epoch').min(0);

export const sightingReport = z
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

export const unknownSightings = z
  .object({
    unknown: z
      .array(z.string())
      .meta({ description: 'Digests without a record here. No verdict: have the tokens verified.' }),
  })
  .meta({ id: 'UnknownSightings' });
