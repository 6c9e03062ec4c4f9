import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** `public-host` allows the public internet only; `any-host` allows private networks too. Both forbid loopback. */
export type AddressProfile = 'public-host' | 'any-host';

type Network = readonly [network: string, prefix: number];

/** The machine itself, metadata services of clouds, multicast and reserved addresses (RFC 6890). */
const NO_HOST_IPV4: readonly Network[] = [
  ['0.0.0.0', 8],
  // Metadata services outside 169.254.0.0/16: this one, 168.63.129.16, and two within fd00::/8.
  ['100.100.100.200', 32],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const NO_HOST: readonly Network[] = [
  ...NO_HOST_IPV4,
  ...NO_HOST_IPV4.flatMap(translated),
  // Unspecified, loopback, and IPv4-compatible addresses.
  ['::', 96],
  // Local NAT64 and Teredo: the IPv4 address behind them is unknown.
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['fd00:ec2::', 32],
  ['fd20:ce::254', 128],
  ['fe80::', 10],
  ['ff00::', 8],
];

/** Private networks, and networks reserved for documentation and tests. */
const NOT_PUBLIC: readonly Network[] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['172.16.0.0', 12],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // SIIT, NAT64, 6to4: the network behind the translator or tunnel is unknown.
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['2002::', 16],
  ['100::', 64],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fec0::', 10],
];

const FORBIDDEN: Readonly<Record<AddressProfile, BlockList>> = {
  'any-host': listOf(NO_HOST),
  'public-host': listOf([...NO_HOST, ...NOT_PUBLIC]),
};
const LOOPBACK = listOf([
  ['127.0.0.0', 8],
  ['::1', 128],
]);

/** Text that is not an address is forbidden. A mapped IPv4 address (`::ffff:0:0/96`) is judged as IPv4. */
export function isForbiddenAddress(address: string, profile: AddressProfile): boolean {
  return isIP(address) === 0 || FORBIDDEN[profile].check(address, familyOf(address));
}

export function isLoopbackAddress(address: string): boolean {
  return isIP(address) !== 0 && LOOPBACK.check(address, familyOf(address));
}

const BITS = { 0: 0, 4: 32, 6: 128 } as const;

/** An address, or a network such as `10.0.0.0/8`; undefined for other text, and for a network of all addresses. */
function networkIn(text: string): Network | undefined {
  const [, address = '', prefix] = /^([^/]+)(?:\/([1-9]\d{0,2}))?$/.exec(text) ?? [];
  const bits = BITS[isIP(address) as keyof typeof BITS];
  const length = prefix === undefined ? bits : Number(prefix);
  return bits === 0 || length > bits || address.includes('%') ? undefined : [address, length];
}

export function isAddressOrNetwork(text: string): boolean {
  return networkIn(text) !== undefined;
}

/** Whether an address is in one of these addresses and networks. A mapped IPv4 address counts as IPv4. */
export function addressMatcher(networks: readonly string[]): (address: string | undefined) => boolean {
  if (networks.length === 0) return () => false;
  const list = listOf(networks.map(networkIn).filter((network) => network !== undefined));
  return (address = '') => isIP(address) !== 0 && list.check(address, familyOf(address));
}

function listOf(networks: readonly Network[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of networks) list.addSubnet(network, prefix, familyOf(network));
  return list;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

/** An IPv4 network as NAT64 (RFC 6052), SIIT (RFC 2765) and 6to4 (RFC 3056) write it in IPv6. */
function translated([network, prefix]: Network): readonly Network[] {
  const [a = 0, b = 0, c = 0, d = 0] = network.split('.').map(Number);
  const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  return [
    [`64:ff9b::${hex}`, 96 + prefix],
    [`::ffff:0:${hex}`, 96 + prefix],
    [`2002:${hex}::`, 16 + prefix],
  ];
}

/**
 * For `net.connect` and `http.request`: what it answers is what is connected to, so a name that means another
 * address a moment later (DNS rebinding) gains nothing. One address among several that may not be connected to
 * refuses them all. A literal address is never looked up, so it is to be asked about before.
 */
export function guardedLookup(
  isRefused: (address: string) => boolean,
  refusal: (host: string) => Error,
  resolve: typeof lookup = lookup,
): LookupFunction {
  return (host, options: LookupOptions, callback) => {
    resolve(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
      const [first] = found ?? [];
      if (error || !first) return callback(error ?? new Error(`${host} has no address`), '');
      if (found.some(({ address }) => isRefused(address))) return callback(refusal(host), '');
      return options.all ? callback(null, found) : callback(null, first.address, first.family);
    });
  };
}
