import { z } from 'zod';

/** What people may report, and what becomes of it. */
export const reportSection = z
  .strictObject({
    /** Reports that are taken from one network, and in all: past it, 429 with `Retry-After`. */
    per_network_per_hour: z.int().min(1).max(10_000).default(20),
    per_minute: z.int().min(1).max(10_000).default(30),
    per_day: z.int().min(1).max(1_000_000).default(2_000),
    /** Reports told one by one as security events; the rest of the minute is counted in one. */
    events_per_minute: z.int().min(1).max(1_000).default(10),
    /** After it, a report that nobody took up is a warning. */
    overdue_hours: z
      .int()
      .min(1)
      .max(24 * 30)
      .default(24),
    /** After a case is closed, text and contact of the report are erased. */
    erase_after_days: z.int().min(1).max(3_650).default(180),
  })
  .prefault({});

export type ReportsConfig = z.infer<typeof reportSection>;
