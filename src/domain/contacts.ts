import type { ValidationIssue } from './validation-issue.ts';

export const MAX_CONTACTS = 16;
/** RFC 5321 §4.5.3.1: a path has 256 octets, its angle brackets counted. */
export const MAX_CONTACT_LENGTH = 254;

/** The addresses that HTML's `input type=email` takes: those of RFC 5321 without quotes, comments and literals. */
export const CONTACT =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

export const CONTACT_ADVICE = 'use an e-mail address such as security@example.com';

/** Whether news goes to the same addresses, in whatever order they are named. */
export function sameContacts(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify(one.toSorted()) === JSON.stringify(other.toSorted());
}

/** What is wrong with the e-mail addresses to which news of a scope goes. */
export function contactFlaws(contacts: readonly string[]): readonly ValidationIssue[] {
  if (contacts.length > MAX_CONTACTS) {
    return [{ path: ['contacts'], advice: `name at most ${MAX_CONTACTS} addresses` }];
  }
  const lower = contacts.map((contact) => contact.toLowerCase());
  return contacts.flatMap((contact, at): ValidationIssue[] => {
    if (contact.length > MAX_CONTACT_LENGTH || !CONTACT.test(contact)) {
      return [{ path: ['contacts', at], advice: CONTACT_ADVICE }];
    }
    if (lower.indexOf(contact.toLowerCase()) < at) {
      return [{ path: ['contacts', at], advice: 'name each address once' }];
    }
    return [];
  });
}
