import { z } from 'zod';

/** A number as a query gives it. */
export function wholeNumberText(advice: string, low = 0, high = Number.MAX_SAFE_INTEGER) {
  return z
    .string(advice)
    .regex(/^\d{1,15}$/, advice)
    .transform(Number)
    .pipe(z.int().min(low, advice).max(high, advice));
}
