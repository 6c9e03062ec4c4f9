import { z } from 'zod';

/** The section `reviews` of the configuration: how often a person looks at what happened. */
export const reviewSection = z
  .strictObject({
    every_days: z
      .int()
      .min(1)
      .max(366)
      .default(7)
      .describe('Days without a signed-off review after which there is a warning.'),
  })
  .prefault({});

export type ReviewsConfig = z.infer<typeof reviewSection>;
