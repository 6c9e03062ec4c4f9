import { z } from 'zod';
import { ACTIONS, type Client } from '../../domain/client.ts';
import { credentialDigest } from '../../server/schemas/credential.ts';
import { idText } from '../../server/schemas/id-text.ts';

const description = z.string('use text').meta({ maxLength: 256, description: 'Printable characters.' });
const action = z.enum(ACTIONS, `use one of ${ACTIONS.join(', ')}`);

export const clientRequest = z
  .strictObject({ id: idText, description: description.default(''), credential_digest: credentialDigest })
  .meta({ id: 'ClientRequest', example: { id: 'checkout', description: 'Signs for the shop' } });

export const clientDescription = z
  .strictObject({ description })
  .meta({ id: 'ClientDescription', example: { description: 'Signs for the shop' } });

export const grantRequest = z
  .strictObject({ client: idText, scope: idText, action })
  .meta({ id: 'GrantRequest', example: { client: 'checkout', scope: 'payments', action: 'sign' } });

export const client = z
  .object({
    id: z.string(),
    description: z.string(),
    created_at: z.int(),
    revoked_at: z.int().nullable(),
    grants: z.array(z.object({ scope: z.string(), action })),
  })
  .meta({ id: 'Client' });

export function clientRepresentation(of: Client): z.infer<typeof client> {
  return {
    id: of.id,
    description: of.description,
    created_at: of.createdAt,
    revoked_at: of.revokedAt,
    grants: of.grants.map((grant) => ({ scope: grant.scopeId, action: grant.action })),
  };
}
