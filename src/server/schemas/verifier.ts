import { z } from 'zod';
import type { VerifierStanding } from '../../domain/verifiers.ts';

export const DEFAULT_INSTANCE = 'default';

export const instance = z
  .string('use text')
  .regex(/^[A-Za-z0-9._:-]{1,64}$/, 'use 1 to 64 letters, digits and . _ : -')
  .default(DEFAULT_INSTANCE)
  .meta({ description: 'Tells the processes of one client apart, such as a host name.' });

export const acknowledgement = z
  .strictObject({
    version: z.int('use a whole number').min(1).meta({ description: 'Of the key set held now.' }),
    instance: instance.optional(),
  })
  .meta({ id: 'Acknowledgement' });

export const verifier = z
  .object({
    scope: z.string(),
    client: z.string(),
    instance: z.string(),
    connected_since: z
      .int()
      .nullable()
      .meta({ description: 'Null where it does not follow the events now.' }),
    version: z.int().nullable().meta({ description: 'The newest key set it said it holds.' }),
    version_since: z.int().nullable(),
    published_version: z.int(),
    lags_for_seconds: z.int().nullable().meta({
      description:
        'Since when it is connected without holding what is published; null where it does not lag.',
    }),
    last_seen: z.int(),
  })
  .meta({ id: 'Verifier' });

export function verifierRepresentation(
  of: VerifierStanding,
  publishedVersion: number,
): z.infer<typeof verifier> {
  return {
    scope: of.scopeId,
    client: of.clientId,
    instance: of.instance,
    connected_since: of.connectedSince,
    version: of.version,
    version_since: of.versionSince,
    published_version: publishedVersion,
    lags_for_seconds: of.lagsForSeconds === null ? null : Math.floor(of.lagsForSeconds),
    last_seen: of.lastSeen,
  };
}
