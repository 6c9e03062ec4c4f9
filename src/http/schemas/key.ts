import { z } from 'zod';
import { ALGORITHM_NAMES } from '../../domain/algorithm.ts';
import { KEY_STATES, verifyUntil } from '../../domain/key.ts';
import { type KnownKey, PROOF_STATUSES } from '../../domain/known-keys.ts';
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
    proof: z
      .object({
        status: z.enum(PROOF_STATUSES),
        reasons: z.array(z.string()).meta({ description: 'Why it is not proven; empty where it is.' }),
      })
      .meta({
        description:
          'What the last read-back said. An `unproven` key is out of service; a `missing` one, which the HSM did not show, does not sign.',
      }),
  })
  .meta({ id: 'Key' });

/** A row that the registry holds and the service will not use. */
export const refusedKey = z
  .object({
    kid: z.string(),
    scope: z.string(),
    why: z.string().meta({ description: 'What disagreed when the service started.' }),
  })
  .meta({ id: 'RefusedKey' });

export function keyRepresentation({ key: of, proof }: KnownKey, { policy }: Scope): z.infer<typeof key> {
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
    proof: { status: proof.status, reasons: [...proof.reasons] },
  };
}
