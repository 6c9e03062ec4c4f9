import { leadingParts } from '../lib/address.ts';

/**
 * Whom an address stands for: an IPv4 address for itself, an IPv6 address for its /64, since one machine has all
 * of it to choose from.
 */
export function networkOf(address: string): string {
  const { family, parts } = leadingParts(address, { octets: 4, groups: 4 });
  return parts.join(family === 4 ? '.' : ':');
}

/** What one party is commonly given: the /24 of an IPv4 address, the /48 of an IPv6 address. */
export function wideNetworkOf(address: string): string {
  return leadingParts(address, { octets: 3, groups: 3 }).parts.join(':');
}
