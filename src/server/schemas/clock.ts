import { z } from 'zod';
import { keyActRequest } from './key-act.ts';

/** What an operator reads from another clock than the service's, in seconds since the epoch, and why they trust it. */
export const clockRequest = z.strictObject({
  time: z.int().min(0).meta({ description: 'The time by another clock than the service’s.' }),
  reason: keyActRequest.shape.reason,
});
