import { isIPv6 } from 'node:net';

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** How much of an address names a network: octets of IPv4, 16-bit groups of IPv6. */
interface PrefixLengths {
  readonly octets: number;
  readonly groups: number;
}

/** The leading parts of an IP address, without leading zeros; of an IPv6 address that maps IPv4, those of IPv4. */
export function leadingParts(
  address: string,
  { octets, groups }: PrefixLengths,
): { readonly family: 4 | 6; readonly parts: readonly string[] } {
  const plain = MAPPED_IPV4.exec(address)?.[1] ?? address;
  if (!isIPv6(plain)) return { family: 4, parts: plain.split('.').slice(0, octets) };
  return { family: 6, parts: ipv6Groups(plain).slice(0, groups) };
}

function ipv6Groups(address: string): readonly string[] {
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) groups.push(...elided(groups.length, tail), ...tail.split(':'));
  return groups.map((group) => group.toLowerCase());
}

function elided(headGroups: number, tail: string): string[] {
  const tailGroups = tail === '' ? 0 : tail.split(':').length;
  return Array<string>(8 - headGroups - tailGroups).fill('0');
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/** `localhost` or a literal loopback address, as a configuration or URL names a host. Subdomains do not count. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.test(host);
}

/** The host name of a URL without the brackets of an IPv6 address. */
export function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

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
