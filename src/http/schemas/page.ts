import { z } from 'zod';

const MOST = 1_000;
const number = z
  .string()
  .regex(/^\d{1,15}$/, 'use a whole number')
  .transform(Number);

/** A list that begins with the newest; the answer's last sequence is the next request's `before`. */
export const newestFirst = z.strictObject({
  before: number.optional().meta({ description: 'The sequence of the last one seen.' }),
  limit: number.pipe(z.int().min(1).max(MOST)).default(100),
});
