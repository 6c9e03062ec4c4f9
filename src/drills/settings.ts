import { z } from 'zod';

/** The section `drills` of the configuration. */
export const drillSection = z
  .strictObject({
    /** Days after which a rehearsal that was not repeated is a warning. */
    overdue_days: z.int().min(1).max(366).default(90),
  })
  .prefault({});

export type DrillsConfig = z.infer<typeof drillSection>;
