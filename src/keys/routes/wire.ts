import { z } from 'zod';
import { ALGORITHM_NAMES } from '../../kernel/algorithm.ts';
import { KEY_STATES, type KnownKey, PROOF_STATUSES, verifyUntil } from '../../kernel/key.ts';
import type { Scope } from '../../kernel/scope.ts';
import { wireText } from '../../server/wire.ts';

const time = z.int().nullable();

export const key = z
  .object({
    kid: z.string(),
    scope: z.string(),
    state: z.enum(KEY_STATES),
    algorithm: z.enum(ALGORITHM_NAMES),
    hsm_token: z.string().meta({ description: 'The HSM token that it is on.' }),
    hsm_id: z.string().meta({ description: 'CKA_ID of both halves, hex.' }),
    public_jwk: z.record(z.string(), z.string()),
    max_ttl_seconds: z.int(),
    created_at: z.int(),
    published_at: z.int(),
    sign_from: z
      .int()
      .nullable()
      .meta({ description: 'Null until the key is first activated.', examples: [1_795_464_946] }),
    sign_until: z.int(),
    activated_at: time.meta({ examples: [1_795_464_946] }),
    deactivated_at: time,
    suspended_at: time,
    resumed_at: time,
    compromised_at: time,
    token_compromised_at: time.meta({ description: 'When the whole HSM token was declared so.' }),
    private_half_destroyed_at: time.meta({
      description: 'When the private half went from the HSM; the public half may go on to verify.',
    }),
    destroyed_at: time,
    kept_for_forensics: z
      .boolean()
      .meta({ description: 'A compromised key whose private half stays in the HSM.' }),
    verify_until: z.int().meta({ description: 'When the last token it could have signed has expired.' }),
    proof: z
      .object({
        status: z.enum(PROOF_STATUSES),
        reasons: z.array(z.string()).meta({ description: 'Why it is not proven; empty where it is.' }),
      })
      .meta({
        id: 'KeyProofStatus',
        description:
          'What the last read-back said. An `unproven` key is out of service; a `missing` one, which the HSM did not show, does not sign.',
      }),
  })
  .meta({ id: 'Key' });
export type KeyAnswer = z.infer<typeof key>;

/** A row that the registry holds and the service will not use. */
export const refusedKey = z
  .object({
    kid: z.string(),
    scope: z.string(),
    why: z.string().meta({ description: 'What disagreed when the service started.' }),
  })
  .meta({ id: 'RefusedKey' });
export type RefusedKeyAnswer = z.infer<typeof refusedKey>;

export function keyRepresentation({ key: of, proof }: KnownKey, { policy }: Scope): KeyAnswer {
  return {
    kid: of.kid,
    scope: of.scopeId,
    state: of.state,
    algorithm: of.binding.algorithm,
    hsm_token: of.hsmToken,
    hsm_id: of.binding.hsmId,
    public_jwk: { ...of.publicJwk },
    max_ttl_seconds: of.binding.maxTtlSeconds,
    created_at: of.createdAt,
    published_at: of.publishedAt,
    sign_from: of.signFrom,
    sign_until: of.signUntil,
    activated_at: of.times.activated,
    deactivated_at: of.times.deactivated,
    suspended_at: of.times.suspended,
    resumed_at: of.times.resumed,
    compromised_at: of.times.compromised,
    token_compromised_at: of.times.tokenCompromised,
    private_half_destroyed_at: of.times.privateKeyDestroyed,
    destroyed_at: of.times.destroyed,
    kept_for_forensics: of.keptForForensics,
    verify_until: verifyUntil(of, policy.clockSkewSeconds),
    proof: { status: proof.status, reasons: [...proof.reasons] },
  };
}

const MOST_CHARACTERS = 500;

const reason = wireText('say why, in a few words')
  .min(1, 'say why, in a few words')
  .max(MOST_CHARACTERS, `use at most ${MOST_CHARACTERS} characters`)
  .meta({ description: 'For the audit trail.', examples: ['seen in a crash dump'] });

export const keyActRequest = z.strictObject({ reason }).meta({ id: 'KeyActRequest' });

export const rotationRequest = z
  .strictObject({ reason: reason.default('rotated by hand') })
  .meta({ id: 'RotationRequest' });

export const compromiseRequest = z
  .strictObject({
    reason,
    keep_for_forensics: z
      .boolean('use true or false')
      .default(false)
      .meta({ description: 'Leaves the private half in the HSM, where it signs nothing.' }),
  })
  .meta({ id: 'CompromiseRequest' });

const replicated = z.boolean().meta({
  description:
    'False: it is in effect, but on the primary of PostgreSQL alone. Keyward repeats it by itself until as many standbys as configured have it.',
});

/** Listed of each kind; a token may hold thousands. */
export const MOST_LISTED = 1_000;

const listedKeys = z.array(z.object({ kid: z.string(), scope: z.string() }));

export const tokenOutcome = z
  .object({
    hsm_token: z.string(),
    keys: z.int().meta({ description: 'Compromised by this call; 0 where it was so before.' }),
    compromised: listedKeys.meta({ description: `At most ${MOST_LISTED} of them.` }),
    promoted: listedKeys.meta({ description: 'Standbys on other tokens that sign from now on.' }),
    waiting: z.array(z.string()).meta({
      description: 'Scopes without a key that signs, which wait for one on another token.',
    }),
    service_keys: z.boolean().meta({
      description: 'Whether the registry key and the audit key lie there too.',
    }),
    replicated,
  })
  .meta({ id: 'TokenCompromise' });
export type TokenOutcomeAnswer = z.infer<typeof tokenOutcome>;

export const keyOutcome = z
  .object({
    key,
    promoted: key.nullable().meta({
      description: 'The key that signs from now on; null where nothing took the place of this one.',
    }),
    already: z.boolean().meta({ description: 'It was so before; nothing was changed.' }),
    replicated,
  })
  .meta({ id: 'KeyOutcome' });
export type KeyOutcomeAnswer = z.infer<typeof keyOutcome>;

export const rotation = z
  .object({
    activated: key,
    deactivated: key.nullable().meta({ description: 'Null where none signed.' }),
    replicated,
  })
  .meta({ id: 'Rotation' });
export type RotationAnswer = z.infer<typeof rotation>;
