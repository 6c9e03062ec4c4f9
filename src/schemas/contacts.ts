import { z } from 'zod';
import { MAX_CONTACT_LENGTH, MAX_CONTACTS } from '../domain/contacts.ts';

/** Shape alone: what an address may be is for `contactFlaws` to say. */
export const contacts = z
  .array(
    z.string('use text').meta({ format: 'email', maxLength: MAX_CONTACT_LENGTH }),
    'use a list of addresses',
  )
  .meta({
    description: 'E-mail addresses of those whom news of the scope concerns.',
    maxItems: MAX_CONTACTS,
    uniqueItems: true,
    examples: [['security@example.com']],
  });
