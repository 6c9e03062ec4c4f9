import { z } from 'zod';
import { CONTACT, CONTACT_ADVICE, MAX_CONTACT_LENGTH, MAX_CONTACTS } from '../domain/contacts.ts';

const contact = z.string('use text').regex(CONTACT, CONTACT_ADVICE).max(MAX_CONTACT_LENGTH, CONTACT_ADVICE);

/** How many there may be, and that none stands twice, is for `contactFlaws` to say. */
export const contacts = z.array(contact, 'use a list of addresses').meta({
  description: 'E-mail addresses of those whom news of the scope concerns.',
  maxItems: MAX_CONTACTS,
  uniqueItems: true,
  examples: [['security@example.com']],
});
