import { z } from 'zod';
import type { Revocation, RevocationRule } from '../../kernel/revocation.ts';
import { clientSecretPost } from './client-secret-post.ts';
import { idText } from './id-text.ts';

const text = z.string('use text');
const name = text.meta({ minLength: 1, maxLength: 4_096 });
const seconds = z.int('use whole seconds since the epoch').min(0).max(99_999_999_999);

/** RFC 7009 §2.1. */
export const revocationForm = z
  .looseObject({
    token: z.string(),
    token_type_hint: z.string().optional().meta({ description: 'Ignored.' }),
    ...clientSecretPost,
  })
  .meta({ id: 'TokenRevocationRequest' });

export const revocationRequest = z
  .strictObject({
    scope: idText.optional().meta({ description: 'Left out: of every scope.' }),
    jti: name.optional().meta({ description: 'One token.' }),
    root: name
      .optional()
      .meta({ description: 'Every token of that root event, those yet to come included.' }),
    client: idText.optional().meta({ description: 'Every token issued to that client.' }),
    issued_from: seconds.optional().meta({ description: 'First `iat`.' }),
    issued_until: seconds.optional().meta({ description: 'Last `iat`; for a client alone, now by default.' }),
    reason: text.meta({ maxLength: 256 }).default(''),
  })
  .meta({
    id: 'RevocationRequest',
    description: 'Revokes the tokens that every member given fits.',
    example: { scope: 'payments', client: 'checkout', reason: 'credential found in a repository' },
  });

export const revocation = z
  .object({
    sequence: z.int(),
    scope: z.string().nullable(),
    jti: z.string().nullable(),
    root: z.string().nullable(),
    client: z.string().nullable(),
    issued_from: z.int().nullable(),
    issued_until: z.int().nullable(),
    created_at: z.int(),
    lapses_at: z.int().nullable().meta({ description: 'When the last token it fits has expired.' }),
    revoked_by: z.string(),
    reason: z.string(),
  })
  .meta({ id: 'Revocation' });

export function ruleOf(given: z.infer<typeof revocationRequest>): RevocationRule {
  return {
    scopeId: given.scope ?? null,
    jti: given.jti ?? null,
    root: given.root ?? null,
    clientId: given.client ?? null,
    issuedFrom: given.issued_from ?? null,
    issuedUntil: given.issued_until ?? null,
  };
}

export function revocationRepresentation(of: Revocation): z.infer<typeof revocation> {
  return {
    sequence: of.sequence,
    scope: of.scopeId,
    jti: of.jti,
    root: of.root,
    client: of.clientId,
    issued_from: of.issuedFrom,
    issued_until: of.issuedUntil,
    created_at: of.createdAt,
    lapses_at: of.lapsesAt,
    revoked_by: of.revokedBy,
    reason: of.reason,
  };
}
