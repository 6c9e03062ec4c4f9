import { leadingParts } from '../domain/address.ts';

/**
 * Whom an address stands for: an IPv4 address for itself, an IPv6 address for its /64, since one machine has all
 * of it to choose from.
 */
export function networkOf(address: string): string {
  const { family, parts } = leadingParts(address, { octets: 4, groups: 4 });
  return parts.join(family === 4 ? '.' : ':');
}
