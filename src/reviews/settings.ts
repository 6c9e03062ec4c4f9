import { z } from 'zod';

/** The section `reviews` of the configuration: how often a person looks at what happened. */
export const reviewSection = z
  .strictObject({
    /** Days that may pass without anybody having signed off what happened in them. */
    every_days: z.int().min(1).max(366).default(7),
  })
  .prefault({});

export type ReviewsConfig = z.infer<typeof reviewSection>;
