import { BlockList, isIP } from 'node:net';

/** Networks as their first address and the length of their prefix. */
export function addressList(networks: readonly (readonly [network: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of networks) list.addSubnet(network, prefix, familyOf(network));
  return list;
}

/** Of an address, which no name is. IPv4 addresses within IPv6 ones (`::ffff:0:0/96`) count as what they are. */
export function isWithin(list: BlockList, address: string): boolean {
  return list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}
