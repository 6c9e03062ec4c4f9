import { z } from 'zod';
import { ACTIONS, type Client, type Operator, ROLES } from '../../kernel/actor.ts';
import { digestText, idText, wireText } from '../../server/wire.ts';

/** All that the service is told of a credential that was made elsewhere. */
export const requiredDigest = digestText('credential');

/** Null where the service is to make it. */
const credentialDigest = requiredDigest.nullable().default(null).meta({
  description:
    'SHA-256 of the new credential, base64url: `keyward … --out FILE` makes one and sends this. Required where a second person has to approve; otherwise the service may make the credential.',
});

export const credentialRequest = z
  .strictObject({ credential_digest: credentialDigest })
  .meta({ id: 'CredentialRequest' });

const description = wireText('use text').meta({ maxLength: 256, description: 'Printable characters.' });
const action = z.enum(ACTIONS, `use one of ${ACTIONS.join(', ')}`);

export const clientRequest = z
  .strictObject({ id: idText, description: description.default(''), credential_digest: credentialDigest })
  .meta({ id: 'ClientRequest', examples: [{ id: 'checkout', description: 'Signs for the shop' }] });

export const clientDescription = z
  .strictObject({ description })
  .meta({ id: 'ClientDescription', examples: [{ description: 'Signs for the shop' }] });

export const grantRequest = z
  .strictObject({ client: idText, scope: idText, action })
  .meta({ id: 'GrantRequest', examples: [{ client: 'checkout', scope: 'payments', action: 'sign' }] });

export const client = z
  .object({
    id: z.string().meta({ examples: ['payments-identity'] }),
    description: z.string(),
    created_at: z.int(),
    revoked_at: z.int().nullable(),
    grants: z.array(z.object({ scope: z.string(), action })),
  })
  .meta({ id: 'Client' });
export type ClientAnswer = z.infer<typeof client>;

export function clientRepresentation(of: Client): ClientAnswer {
  return {
    id: of.id,
    description: of.description,
    created_at: of.createdAt,
    revoked_at: of.revokedAt,
    grants: of.grants.map((grant) => ({ scope: grant.scopeId, action: grant.action })),
  };
}

const role = z.enum(ROLES, `use ${ROLES.join(', ')}`);
const roles = z.array(role, 'use a list of roles').min(1, 'name at least one role').max(ROLES.length);

export const operatorRequest = z
  .strictObject({ id: idText, roles, credential_digest: credentialDigest })
  .meta({
    id: 'OperatorRequest',
    examples: [
      {
        id: 'carol',
        roles: ['operator', 'approver'],
        credential_digest: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
      },
    ],
  });

export const rolesRequest = z.strictObject({ roles }).meta({ id: 'RolesRequest' });

export const operator = z
  .object({
    id: z.string().meta({ examples: ['carol'] }),
    roles: z.array(role),
    created_at: z.int(),
    revoked_at: z.int().nullable(),
  })
  .meta({ id: 'Operator' });
export type OperatorAnswer = z.infer<typeof operator>;

export function operatorRepresentation(of: Operator): OperatorAnswer {
  return { id: of.id, roles: [...of.roles], created_at: of.createdAt, revoked_at: of.revokedAt };
}
