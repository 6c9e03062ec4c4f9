import { z } from 'zod';

/** What people may report, and what becomes of it. */
export const reportSection = z
  .strictObject({
    per_network_per_hour: z
      .int()
      .min(1)
      .max(10_000)
      .default(20)
      .describe('Reports taken from one network. Above it the answer is 429.'),
    per_minute: z.int().min(1).max(10_000).default(30).describe('Reports taken in all, for each minute.'),
    per_day: z.int().min(1).max(1_000_000).default(2_000).describe('Reports taken in all, for each day.'),
    events_per_minute: z
      .int()
      .min(1)
      .max(1_000)
      .default(10)
      .describe('Reports that raise an event of their own; the rest of the minute is counted in one.'),
    overdue_hours: z
      .int()
      .min(1)
      .max(24 * 30)
      .default(24)
      .describe('Hours after which a report that is not taken up raises a warning.'),
    erase_after_days: z
      .int()
      .min(1)
      .max(3_650)
      .default(180)
      .describe('Days after a case is closed that text and contact of the report are erased.'),
  })
  .prefault({});

export type ReportsConfig = z.infer<typeof reportSection>;
