import { z } from 'zod';
import { keyActRequest } from './key-act.ts';

export const enrolServiceKeysRequest = keyActRequest
  .extend({
    stolen: z.boolean('use true or false').default(false).meta({
      description: 'The lost HSM token is in other hands: every key that was on it is compromised.',
    }),
  })
  .meta({ id: 'EnrolServiceKeysRequest' });

const kid = z.string().meta({ description: 'RFC 7638 thumbprint.' });

export const serviceKeyEnrolment = z
  .object({
    reason: z.string(),
    stolen: z.boolean(),
    former_registry_key: kid,
    former_audit_key: kid,
    registry_key: kid,
    audit_key: kid,
    last_checkpoint: z
      .int()
      .meta({ description: 'The last one whose signature by the former audit key counts.' }),
    former_token: z.string().meta({ description: 'What the lost HSM token is called from now on.' }),
    keys: z.int().meta({ description: 'Signing keys that were on it and not destroyed.' }),
    refused_rows: z
      .int()
      .meta({ description: 'Rows of the registry that did not verify; they are not taken over.' }),
  })
  .meta({ id: 'ServiceKeyEnrolment' });
