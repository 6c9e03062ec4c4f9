import { z } from 'zod';

/** RFC 6749 §5.2. */
export const oauthError = z
  .object({
    error: z.enum([
      'invalid_request',
      'invalid_client',
      'insufficient_scope',
      'temporarily_unavailable',
      'server_error',
    ]),
    error_description: z.string().optional().meta({ description: 'What to do about it.' }),
  })
  .meta({ id: 'OAuthError' });

export type OAuthError = z.infer<typeof oauthError>;
