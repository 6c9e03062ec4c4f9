import { leadingParts, type PrefixLengths } from '../lib/address.ts';

/** The network that an address stands for: its /24, or the /48 of an IPv6 address. */
export function sourceOf(address: string): string {
  return network(address, { octets: 3, groups: 3 });
}

/** What one site commonly has of them: the /16 around it, or the /32 in IPv6. */
export function neighbourhoodOf(source: string): string {
  return network(source.replace(/\/\d+$/, ''), { octets: 2, groups: 2 });
}

function network(address: string, lengths: PrefixLengths): string {
  const { family, parts } = leadingParts(address, lengths);
  if (family === 6) return `${parts.join(':')}::/${lengths.groups * 16}`;
  return `${[...parts, ...Array<string>(4 - lengths.octets).fill('0')].join('.')}/${lengths.octets * 8}`;
}
