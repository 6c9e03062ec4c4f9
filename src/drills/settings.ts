import { z } from 'zod';

/** The section `drills` of the configuration. */
export const drillSection = z
  .strictObject({
    overdue_days: z
      .int()
      .min(1)
      .max(366)
      .default(90)
      .describe('Days without a drill after which there is a warning.'),
  })
  .prefault({});

export type DrillsConfig = z.infer<typeof drillSection>;
