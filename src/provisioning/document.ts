import { z } from 'zod';
import { ACTIONS, type Action } from '../kernel/actor.ts';
import { ALGORITHM_NAMES, DEFAULT_ALGORITHM, MODULUS_BITS } from '../kernel/algorithm.ts';
import { FIRST_TOKEN } from '../kernel/key.ts';
import { SCOPE_ID, SCOPE_ID_ADVICE, type ScopeDefinition } from '../kernel/scope.ts';
import type { CountedTokens } from '../kernel/scope-change.ts';
import { contacts, policy } from '../keys/policy-schema.ts';

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
      standby_token: text.nullable().optional().meta({
        description:
          'Another HSM token, in turn with `hsm_token`: each standby is made on the one where the active key is not. None if left out at creation; null for none.',
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

/** What the service has, as far as a provisioning file speaks of it. */
export interface Current {
  readonly scopes: readonly CurrentScope[];
  readonly clients: readonly CurrentClient[];
}

export type CurrentScope = ScopeDefinition;

export interface CurrentClient {
  readonly id: string;
  readonly description: string;
  readonly revoked: boolean;
  readonly grants: readonly { readonly scope: string; readonly action: Action }[];
}

/** One line of a plan. */
export interface Change {
  readonly action: 'create' | 'change' | 'remove';
  readonly kind: 'scope' | 'client' | 'grant';
  /** Of the scope or the client. */
  readonly id: string;
  /** `max_ttl_seconds` of a scope, `payments:sign` of a client. */
  readonly member?: string;
  readonly from?: unknown;
  readonly to?: unknown;
  /** The service accepts more afterwards: where it asks for two persons, this opens a proposal (I11). */
  readonly weakens: boolean;
  /** How many living tokens it refuses at once, null where they could not be counted; absent where it refuses none by its kind. */
  readonly refuses?: CountedTokens | null;
}

/** One request to the operations plane, and what it changes. */
export interface Step {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  /** Below `/v1/admin`. */
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly changes: readonly Change[];
  /** What has to exist before, such as `scope:payments`, though the plan itself makes it. */
  readonly needs: readonly string[];
  /** What exists afterwards. */
  readonly makes?: string;
}

/** The schema of a provisioning file for editors: JSON Schema draft 7, which most of them read. */
export function documentJsonSchema(): object {
  return z.toJSONSchema(document, { target: 'draft-7', io: 'input' });
}
