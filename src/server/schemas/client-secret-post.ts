import { z } from 'zod';

/** The members of a form that show its client, in place of an `Authorization` header (RFC 6749 §2.3.1). */
export const clientSecretPost = {
  client_id: z
    .string()
    .optional()
    .meta({ maxLength: 63, description: 'Id of the client, with `client_secret`.' }),
  client_secret: z.string().optional().meta({ description: 'Its credential; then no `Authorization`.' }),
};
