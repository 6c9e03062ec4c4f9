import { z } from 'zod';

export const health = z.object({ status: z.literal('alive') }).meta({ id: 'Health' });

export const readiness = z
  .object({
    ready: z.boolean(),
    checks: z.array(
      z.object({
        name: z.enum(['sign', 'record', 'verify', 'time', 'database']),
        ok: z.boolean(),
        detail: z.string(),
      }),
    ),
  })
  .meta({ id: 'Readiness' });
