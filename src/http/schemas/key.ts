import { z } from 'zod';
import { ALGORITHM_NAMES } from '../../domain/algorithm.ts';
import { KEY_STATES, type SigningKey, verifyUntil } from '../../domain/key.ts';
import type { Scope } from '../../domain/scope.ts';

export const key = z
  .object({
    kid: z.string(),
    scope: z.string(),
    state: z.enum(KEY_STATES),
    algorithm: z.enum(ALGORITHM_NAMES),
    hsm_id: z.string().meta({ description: 'CKA_ID of both halves, hex.' }),
    public_jwk: z.record(z.string(), z.string()),
    max_ttl_seconds: z.int(),
    created_at: z.int(),
    published_at: z.int(),
    sign_from: z.int().nullable().meta({ description: 'Null until the key is first activated.' }),
    sign_until: z.int(),
    verify_until: z.int().meta({ description: 'When the last token it could have signed has expired.' }),
  })
  .meta({ id: 'Key' });

export function keyRepresentation(of: SigningKey, { policy }: Scope): z.infer<typeof key> {
  return {
    kid: of.kid,
    scope: of.scopeId,
    state: of.state,
    algorithm: of.binding.algorithm,
    hsm_id: of.binding.hsmId,
    public_jwk: { ...of.publicJwk },
    max_ttl_seconds: of.binding.maxTtlSeconds,
    created_at: of.createdAt,
    published_at: of.publishedAt,
    sign_from: of.signFrom,
    sign_until: of.signUntil,
    verify_until: verifyUntil(of, policy.clockSkewSeconds),
  };
}
