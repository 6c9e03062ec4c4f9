const IDENTIFIER = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** The rule for ids of clients and operators, the same as for scopes: 1 to 63 characters. */
export function isIdentifier(id: string): boolean {
  return IDENTIFIER.test(id);
}

export const IDENTIFIER_ADVICE = 'id: use 1 to 63 lower-case letters, digits and inner hyphens';
