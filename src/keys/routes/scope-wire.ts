import { z } from 'zod';
import { ALGORITHM_NAMES, DEFAULT_ALGORITHM, isRsa, MODULUS_BITS } from '../../kernel/algorithm.ts';
import { FIRST_TOKEN, type KnownKeys } from '../../kernel/key.ts';
import { memberName } from '../../kernel/policy.ts';
import type { Scope, ScopeDefinition } from '../../kernel/scope.ts';
import {
  COUNT_BOUNDS,
  type PolicyRefusal,
  type ScopeChange,
  VERIFIED_MEMBERS,
} from '../../kernel/scope-change.ts';
import { idText, wireText } from '../../server/wire.ts';
import { contacts, policy, policyChange, policyOf, policyRepresentation } from '../policy-schema.ts';
import { key, keyRepresentation } from './wire.ts';

/** A pause is bounded; what is too far off, or too long, is for the administration to say. */
export const rotationPause = z
  .strictObject({
    until: z.int('use a whole number of seconds since the epoch').meta({
      description: 'The last second of the pause; at most 90 days away.',
    }),
    reason: wireText('say why, in a few words').meta({
      minLength: 1,
      maxLength: 500,
      description: 'Why the rotation is paused, for other operators.',
    }),
  })
  .meta({
    id: 'RotationPause',
    examples: [{ until: 1_800_000_000, reason: 'the HSM moves to another room' }],
  });

const text = wireText('use text');
const algorithm = z.enum(ALGORITHM_NAMES, `use one of ${ALGORITHM_NAMES.join(', ')}`);
const modulusBits = z.literal(MODULUS_BITS, `use one of ${MODULUS_BITS.join(', ')}`);

const partialPolicy = policy.partial().meta({ id: 'PolicyRequest' });

const standbyToken = text.nullable().meta({
  description:
    'Another HSM token, in turn with `hsm_token`: each standby is made on the one where the active key is not, and signs when that one is away. Null for none.',
});

export const scopeRequest = z
  .strictObject({
    id: idText.meta({
      description: '1 to 63 lower-case letters, digits and inner hyphens; never used again.',
    }),
    issuer: text.meta({ maxLength: 512, description: 'https URL without query and fragment.' }),
    audience: text.meta({ minLength: 1, maxLength: 512, description: '1 to 512 printable characters.' }),
    algorithm: algorithm.default(DEFAULT_ALGORITHM).meta({
      description: '`EdDSA` and `Ed25519` are one algorithm; most libraries read the name `EdDSA` alone.',
    }),
    modulus_bits: modulusBits.optional().meta({ description: `RSA only; ${MODULUS_BITS[0]} if left out.` }),
    hsm_token: text
      .default(FIRST_TOKEN)
      .meta({ description: 'The HSM token that its keys are made on, by its name in the configuration.' }),
    standby_token: standbyToken.default(null),
    policy: partialPolicy.prefault({}),
    contacts: contacts.default([]),
  })
  .meta({
    id: 'ScopeRequest',
    examples: [
      {
        id: 'payments',
        issuer: 'https://keys.example.com/scopes/payments',
        audience: 'https://payments.example',
        policy: { max_ttl_seconds: 900 },
        contacts: ['payments-team@example.com'],
      },
    ],
  });

export const scopeChangeRequest = z
  .strictObject({
    policy: partialPolicy.optional().meta({ description: 'Only the members that change.' }),
    contacts: contacts.optional().meta({ description: 'In place of those there are.' }),
    hsm_token: text.optional().meta({
      description: 'The HSM token that its next keys are made on. Those there are stay where they are.',
    }),
    standby_token: standbyToken.optional(),
  })
  .meta({
    id: 'ScopeChangeRequest',
    examples: [{ policy: { max_ttl_seconds: 900 }, contacts: ['security@example.com'] }],
  });

export const scope = z
  .object({
    id: z.string(),
    issuer: z.string(),
    audience: z.string(),
    algorithm,
    modulus_bits: modulusBits.nullable(),
    hsm_token: z.string().meta({ description: 'The HSM token that its next keys are made on.' }),
    standby_token: standbyToken,
    policy,
    contacts,
    created_at: z.int(),
    rotation_pause: rotationPause
      .nullable()
      .meta({ description: 'Null where the key is rotated when it is due.' }),
    jwks_uri: z.string().meta({ description: 'Path of the key set on the data plane.' }),
  })
  .meta({ id: 'Scope' });
export type ScopeAnswer = z.infer<typeof scope>;

export const policyRefusals = z
  .object({
    refusals: z.array(
      z.object({
        member: z.enum(VERIFIED_MEMBERS.map(memberName)),
        counted: z
          .object({
            tokens: z.int(),
            bound: z.enum(COUNT_BOUNDS).meta({
              description:
                '`at_most` where the ledger does not say it of each token: it keeps no `typ`, and may lack subjects. `at_least` where not all was read in time.',
            }),
          })
          .nullable()
          .meta({ description: 'Null where they could not be counted.' }),
      }),
    ),
  })
  .meta({ id: 'PolicyRefusals' });
export type PolicyRefusalsAnswer = z.infer<typeof policyRefusals>;

export const scopeAndKeys = z.object({ scope, keys: z.array(key) }).meta({ id: 'ScopeWithKeys' });
export type ScopeWithKeysAnswer = z.infer<typeof scopeAndKeys>;

export function scopeWithKeys(of: Scope, knownKeys: KnownKeys): ScopeWithKeysAnswer {
  const keys = knownKeys.knownKeysOf(of.id).map((each) => keyRepresentation(each, of));
  return { scope: scopeRepresentation(of), keys };
}

/** `invalid_scope` and `invalid_policy` are for the administration to say. */
export function scopeDefinition(request: z.infer<typeof scopeRequest>): ScopeDefinition {
  const { id, issuer, audience } = request;
  const byDefault = isRsa(request.algorithm) ? MODULUS_BITS[0] : null;
  return {
    id,
    issuer,
    audience,
    algorithm: request.algorithm,
    modulusBits: request.modulus_bits ?? byDefault,
    hsmToken: request.hsm_token,
    standbyToken: request.standby_token,
    policy: policyOf(request.policy),
    contacts: request.contacts,
  };
}

export function scopeChange(request: z.infer<typeof scopeChangeRequest>): ScopeChange {
  const { policy, contacts, hsm_token: hsmToken, standby_token: standbyToken } = request;
  return { policy: policyChange(policy ?? {}), contacts, hsmToken, standbyToken };
}

export function scopeRepresentation(of: Scope): ScopeAnswer {
  return {
    id: of.id,
    issuer: of.issuer,
    audience: of.audience,
    algorithm: of.algorithm,
    modulus_bits: of.modulusBits,
    hsm_token: of.hsmToken,
    standby_token: of.standbyToken,
    policy: policyRepresentation(of.policy),
    contacts: [...of.contacts],
    created_at: of.createdAt,
    rotation_pause: of.rotationPause,
    jwks_uri: `/scopes/${of.id}/jwks.json`,
  };
}

export function policyRefusalsRepresentation(refusals: readonly PolicyRefusal[]): PolicyRefusalsAnswer {
  return { refusals: refusals.map(({ member, counted }) => ({ member: memberName(member), counted })) };
}
