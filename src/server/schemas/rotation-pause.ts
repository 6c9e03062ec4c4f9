import { z } from 'zod';

/** A pause is bounded; what is too far off, or too long, is for the administration to say. */
export const rotationPause = z
  .strictObject({
    until: z.int('use a whole number of seconds since the epoch').meta({
      description: 'The last second of the pause; at most 90 days away.',
    }),
    reason: z
      .string('say why, in a few words')
      .meta({ minLength: 1, maxLength: 500, description: 'For whoever finds the rotation missing.' }),
  })
  .meta({ id: 'RotationPause', example: { until: 1_800_000_000, reason: 'the HSM moves to another room' } });
