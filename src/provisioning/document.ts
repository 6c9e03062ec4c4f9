import { z } from 'zod';
import { ALGORITHM_NAMES, DEFAULT_ALGORITHM, MODULUS_BITS } from '../kernel/algorithm.ts';
import { ACTIONS } from '../domain/client.ts';
import { FIRST_TOKEN } from '../domain/hsm-token.ts';
import { SCOPE_ID, SCOPE_ID_ADVICE } from '../kernel/scope.ts';
import { contacts } from '../schemas/contacts.ts';
import { policy } from '../keys/policy-schema.ts';

const id = z.string().regex(SCOPE_ID, SCOPE_ID_ADVICE);
const text = z.string('use text');

const scope = z
  .strictObject(
    {
      issuer: text.meta({ description: '`iss` of its tokens: an https URL. Never changes.' }),
      audience: text.meta({ description: '`aud` of its tokens. Never changes.' }),
      algorithm: z
        .enum(ALGORITHM_NAMES, `use one of ${ALGORITHM_NAMES.join(', ')}`)
        .optional()
        .meta({
          description: `${DEFAULT_ALGORITHM} if left out at creation. Never changes. \`EdDSA\` and \`Ed25519\` are one algorithm; most libraries read the name \`EdDSA\` alone.`,
        }),
      modulus_bits: z
        .literal(MODULUS_BITS, `use one of ${MODULUS_BITS.join(', ')}`)
        .optional()
        .meta({ description: `RSA only; ${MODULUS_BITS[0]} if left out at creation. Never changes.` }),
      hsm_token: text.optional().meta({
        description: `The HSM token of its keys, by its name in the configuration; ${FIRST_TOKEN} if left out at creation.`,
      }),
      policy: policy.partial().optional().meta({
        id: 'PolicyMembers',
        description: 'What is left out stays as it is; of a new scope, the default.',
      }),
      contacts: contacts.optional(),
    },
    'name its issuer and audience',
  )
  .meta({ id: 'ScopeEntry', description: 'One issuer and audience with keys of its own.' });

const actions = z
  .array(z.enum(ACTIONS, `use ${ACTIONS.join(', ')}`), `use a list of ${ACTIONS.join(', ')}`)
  .min(1, `name at least one of ${ACTIONS.join(', ')}`)
  .meta({ uniqueItems: true });

const client = z
  .strictObject(
    {
      description: text.optional().meta({ description: 'Up to 256 characters.', maxLength: 256 }),
      grants: z
        .record(id, actions, 'use the ids of scopes, each with a list of actions')
        .optional()
        .meta({
          description: 'Scope id → what the client may do there.',
          examples: [{ payments: ['sign'] }],
        }),
    },
    'name its grants',
  )
  .meta({ id: 'ClientEntry', description: 'An identity service or a relying service.' });

/** What stands in a provisioning file. What it leaves out is left as it is. */
export const document = z
  .strictObject(
    {
      complete: z.boolean('use true or false').default(false).meta({
        description: 'Whether clients and grants that are not in this file are withdrawn. Scopes never are.',
      }),
      scopes: z
        .record(id, scope, 'use the ids of scopes')
        .default({})
        .meta({ description: 'Scope id → scope.' }),
      clients: z
        .record(id, client, 'use the ids of clients')
        .default({})
        .meta({ description: 'Client id → client.' }),
    },
    'use scopes and clients',
  )
  .meta({ title: 'Keyward scopes and clients', description: 'Read by `keyward plan` and `keyward apply`.' });

export type Document = z.infer<typeof document>;
export type ScopeEntry = Document['scopes'][string];
export type ClientEntry = Document['clients'][string];
