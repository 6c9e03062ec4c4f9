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

/** A list without sequences; the answer's `next` is the next request's `after`. */
export const afterId = z.strictObject({
  after: z
    .string()
    .max(64, 'name the last one seen')
    .optional()
    .meta({ description: 'The id of the last one seen.' }),
  limit: number.pipe(z.int().min(1).max(MOST)).default(100),
});

/** Null: there are no more. */
export const nextId = z
  .string()
  .nullable()
  .meta({ description: '`after` for the next page; null at the end.' });
