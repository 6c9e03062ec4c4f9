import { z } from 'zod';

const MOST_PARTNERS = 32;
const MOST_KEYS = 32;

/** Who may report leaks: each partner's public keys in PEM, by the ids that it names them with. */
export const leakSection = z
  .strictObject({
    partners: z
      .array(
        z.strictObject({
          name: z
            .string()
            .regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, 'use lower-case letters, digits and hyphens')
            .describe('Name of the code host.'),
          keys: z
            .record(z.string().min(1).max(256), z.string().min(1).max(4_096))
            .refine((keys) => Object.keys(keys).length <= MOST_KEYS, `name at most ${MOST_KEYS}`)
            .describe('Public keys in PEM by key id.'),
        }),
      )
      .max(MOST_PARTNERS)
      .default([])
      .describe('Code hosts that may report leaks.'),
  })
  .prefault({});
