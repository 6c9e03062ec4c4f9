import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Addresses at which nobody outside is meant: the machine itself, its networks, its cloud's metadata (RFC 6890). */
const INTERNAL = internalAddresses();

function internalAddresses(): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ] as const) {
    list.addSubnet(network, prefix, 'ipv4');
  }
  for (const [network, prefix] of [
    // Unspecified, loopback, and IPv4 addresses in an obsolete form.
    ['::', 96],
    // IPv4 behind a translator or a tunnel: whose network is behind it cannot be told.
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['2001::', 32],
    ['2002::', 16],
    ['100::', 64],
    ['2001:db8::', 32],
    ['fc00::', 7],
    ['fe80::', 10],
    ['fec0::', 10],
    ['ff00::', 8],
  ] as const) {
    list.addSubnet(network, prefix, 'ipv6');
  }
  return list;
}

/** IPv4 addresses within IPv6 ones (`::ffff:0:0/96`) count as what they are. */
export function isInternal(address: string): boolean {
  const family = isIP(address);
  return family === 0 || INTERNAL.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

export class InternalAddress extends Error {
  override readonly name = 'InternalAddress';

  constructor(host: string) {
    super(`${host} is at a loopback, private or reserved address; allow_private lets a target be there`);
  }
}

/** A literal address is never looked up, so it is to be asked about before. */
export function refuseInternalLiteral(host: string): void {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) !== 0 && isInternal(bare)) throw new InternalAddress(host);
}

/**
 * For `net.connect` and `http.request`: what it answers is what is connected to, so a name that means another
 * address a moment later (DNS rebinding) gains nothing. One internal address among several refuses them all.
 */
export function guardedLookup(resolve: typeof lookup = lookup): LookupFunction {
  return (host, options: LookupOptions, callback) => {
    resolve(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error) return callback(error, '');
      const [first] = found;
      if (!first || found.some(({ address }) => isInternal(address))) {
        return callback(new InternalAddress(host), '');
      }
      return options.all ? callback(null, found) : callback(null, first.address, first.family);
    });
  };
}
