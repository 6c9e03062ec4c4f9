import { isIPv6 } from 'node:net';

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * Whom an address stands for: an IPv4 address for itself, an IPv6 address for its /64, since one machine has all
 * of it to choose from.
 */
export function networkOf(address: string): string {
  const mapped = MAPPED_IPV4.exec(address)?.[1];
  if (mapped) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) groups.push(...elided(groups.length, tail), ...tail.split(':'));
  return groups.slice(0, 4).join(':');
}

function elided(headGroups: number, tail: string): string[] {
  const tailGroups = tail === '' ? 0 : tail.split(':').length;
  return Array<string>(8 - headGroups - tailGroups).fill('0');
}
