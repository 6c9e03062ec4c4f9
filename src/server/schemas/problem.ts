import { z } from 'zod';
import { ERROR_CODES } from '../../kernel/errors.ts';

/** RFC 9457. */
export const problem = z
  .object({
    type: z.string().meta({ description: '`urn:keyward:problem:` and the code.' }),
    title: z.string(),
    status: z.int(),
    code: z.enum(ERROR_CODES),
    detail: z.string().optional().meta({ description: 'What to do about it.' }),
    request_id: z.string(),
  })
  .meta({ id: 'Problem' });
