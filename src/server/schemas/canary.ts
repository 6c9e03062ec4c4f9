import { z } from 'zod';
import { CANARY_KINDS, type Canary, type WantedCanary } from '../../kernel/canary.ts';
import { requiredDigest } from './credential.ts';

const MOST_CHARACTERS = 256;

const planted = z
  .string('say it as text')
  .min(1, 'say where it will be planted')
  .max(MOST_CHARACTERS, `use at most ${MOST_CHARACTERS} characters`)
  .regex(/^\P{C}*$/u, 'use printable characters')
  .meta({ description: 'Where it will be planted. The alarm tells it: name no person in it.' });
const scope = z.string('use the id of a scope').meta({ minLength: 1, maxLength: 63 });

const credentialCanary = z.strictObject({
  kind: z.literal('credential'),
  planted,
  credential_digest: requiredDigest,
});

const tokenCanary = z.strictObject({
  kind: z.literal('token'),
  planted,
  scope,
  client: z.string('use the id of a client').meta({
    maxLength: 63,
    description: 'In whose name it is recorded: it holds the grant to sign for the scope.',
  }),
  claims: z
    .record(z.string(), z.unknown(), 'use an object of claims')
    .meta({ description: 'As the tokens have them among which it will lie; of a subject that nobody is.' }),
  ttl_seconds: z.int('use a whole number of seconds').optional(),
});

const keyCanary = z.strictObject({ kind: z.literal('key'), planted, scope });

/** What is planted; each kind has its own members. */
export const canaryRequest = z
  .discriminatedUnion('kind', [credentialCanary, tokenCanary, keyCanary], {
    error: `kind: use one of ${CANARY_KINDS.join(', ')}`,
  })
  .meta({
    id: 'CanaryRequest',
    example: {
      kind: 'token',
      planted: 'environment of the build server',
      scope: 'payments',
      client: 'checkout',
      claims: { sub: 'svc-backup' },
    },
  });

export const canary = z
  .object({
    id: z.string(),
    kind: z.enum(CANARY_KINDS),
    planted: z.string(),
    scope: z.string().nullable(),
    created_by: z.string(),
    created_at: z.int(),
    retired_at: z.int().nullable().meta({ description: 'From then on it raises no alarm.' }),
  })
  .meta({ id: 'Canary' });

/** Neither digest nor key: who reads it learns what there is, and not how to tell it from others. */
export function canaryRepresentation(of: Canary): z.infer<typeof canary> {
  return {
    id: of.id,
    kind: of.kind,
    planted: of.planted,
    scope: of.scopeId,
    created_by: of.createdBy,
    created_at: of.createdAt,
    retired_at: of.retiredAt,
  };
}

/** As the domain has it. */
export function wantedCanary(given: z.infer<typeof canaryRequest>): WantedCanary {
  const { kind, planted: where } = given;
  if (kind === 'credential') {
    return { kind, planted: where, digest: Buffer.from(given.credential_digest, 'base64url') };
  }
  if (kind === 'key') return { kind, planted: where, scopeId: given.scope };
  const { scope: scopeId, client: clientId, claims, ttl_seconds: ttlSeconds } = given;
  return { kind, planted: where, scopeId, clientId, claims, ttlSeconds };
}
