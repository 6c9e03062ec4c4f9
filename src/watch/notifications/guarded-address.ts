import { isIP, type LookupFunction } from 'node:net';
import { addressList, isWithin } from '../../lib/address-list.ts';
import { guardedLookup } from '../../lib/guarded-lookup.ts';

/** Addresses at which nobody outside is meant: the machine itself, its networks, its cloud's metadata (RFC 6890). */
const INTERNAL = addressList([
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
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
  // Unspecified, loopback, and IPv4 addresses in an obsolete form.
  ['::', 96],
  // IPv4 behind a translator or a tunnel: whose network is behind it cannot be told.
  ['::ffff:0:0:0', 96],
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
]);

/** What is no address at all counts as one. */
export function isInternal(address: string): boolean {
  return isIP(address) === 0 || isWithin(INTERNAL, address);
}

class InternalAddress extends Error {
  override readonly name = 'InternalAddress';

  constructor(host: string) {
    super(`${host} is at a loopback, private or reserved address; allow_private lets a target be there`);
  }
}

interface Place {
  readonly host: string;
  readonly allow_private: boolean;
}

/** What to connect with; throws where the host is an internal address itself, and the target may not be there. */
export function lookupFor({ host, allow_private }: Place): { readonly lookup?: LookupFunction } {
  if (allow_private) return {};
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) !== 0 && isInternal(bare)) throw new InternalAddress(host);
  return { lookup: guardedLookup(isInternal, (name) => new InternalAddress(name)) };
}
