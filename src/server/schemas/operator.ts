import { z } from 'zod';
import { type Operator, ROLES } from '../../domain/client.ts';
import { credentialDigest } from './credential.ts';
import { idText } from './id-text.ts';

const role = z.enum(ROLES, `use ${ROLES.join(', ')}`);
const roles = z.array(role, 'use a list of roles').min(1, 'name at least one role').max(ROLES.length);

export const operatorRequest = z
  .strictObject({ id: idText, roles, credential_digest: credentialDigest })
  .meta({
    id: 'OperatorRequest',
    example: {
      id: 'carol',
      roles: ['operator', 'approver'],
      credential_digest: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
    },
  });

export const rolesRequest = z.strictObject({ roles }).meta({ id: 'RolesRequest' });

export const operator = z
  .object({
    id: z.string(),
    roles: z.array(role),
    created_at: z.int(),
    revoked_at: z.int().nullable(),
  })
  .meta({ id: 'Operator' });

export function operatorRepresentation(of: Operator): z.infer<typeof operator> {
  return { id: of.id, roles: [...of.roles], created_at: of.createdAt, revoked_at: of.revokedAt };
}
