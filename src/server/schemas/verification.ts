import { z } from 'zod';
import { KEY_STATES } from '../../kernel/key.ts';
import { REFUSAL_REASONS } from '../../kernel/verification.ts';
import { clientSecretPost } from './client-secret-post.ts';

export const verifyRequest = z
  .strictObject({
    // Whatever was presented gets its reason, so other types pass; callers are told to send text.
    token: z
      .unknown()
      .refine((token) => token !== undefined, 'give the token to verify')
      .meta({ type: 'string' }),
  })
  .meta({ id: 'VerifyRequest' });

export const verdict = z
  .discriminatedUnion('valid', [
    z.object({
      valid: z.literal(true),
      claims: z.record(z.string(), z.unknown()),
      kid: z.string(),
      key_state: z.enum(KEY_STATES),
    }),
    z.object({ valid: z.literal(false), reason: z.enum(REFUSAL_REASONS) }),
  ])
  .meta({ id: 'Verdict' });

/** RFC 7662 §2.1. */
export const introspectionRequest = z
  .looseObject({
    token: z.string(),
    token_type_hint: z.string().optional().meta({ description: 'Ignored.' }),
    ...clientSecretPost,
  })
  .meta({ id: 'IntrospectionRequest' });

/** RFC 7662 §2.2; `scope` is OAuth's claim, not the key scope. */
export const introspection = z
  .discriminatedUnion('active', [
    z.object({ active: z.literal(false) }),
    z.looseObject({
      active: z.literal(true),
      token_type: z.enum(['Bearer', 'DPoP']),
      iss: z.string(),
      aud: z.string(),
      iat: z.int(),
      exp: z.int(),
      nbf: z.int().optional(),
      sub: z.string().optional(),
      jti: z.string().optional(),
      client_id: z.string().optional(),
      username: z.string().optional(),
      scope: z.string().optional(),
      cnf: z.record(z.string(), z.unknown()).optional(),
    }),
  ])
  .meta({ id: 'Introspection' });
