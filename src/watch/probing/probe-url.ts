import { isIP } from 'node:net';
import { addressList, isWithin } from '../../lib/address-list.ts';

const LONGEST = 2_048;
const LOOPBACK_NAME = /(?:^|\.)localhost$/;

/** Nothing answers there but the machine itself, a cloud's metadata service, or many at once (RFC 6890). */
const NEVER_IPV4 = [
  ['0.0.0.0', 8],
  // Metadata services of clouds that are not at link-local addresses.
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['192.0.0.0', 24],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;
const NEVER = addressList([
  ...NEVER_IPV4,
  // Unspecified, loopback, and IPv4 addresses in an obsolete form.
  ['::', 96],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::', 32],
  ['fd20:ce::254', 128],
  // Behind a translator of one's own or a Teredo relay: which IPv4 address is meant cannot be told.
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ...[...NEVER_IPV4, ['127.0.0.0', 8] as const].flatMap(translated),
]);
const LOOPBACK = addressList([
  ['127.0.0.0', 8],
  ['::1', 128],
]);

export interface ProbeUrlRules {
  /** Whether the machine itself may be probed, without TLS too: for development. */
  readonly loopback: boolean;
}

/** What is wrong with a URL that a verifier shall be probed at; undefined where nothing is. */
export function probeUrlAdvice(text: string, rules: ProbeUrlRules): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || text.length > LONGEST || /[\s\p{C}]/u.test(text))
    return `use an https URL of at most ${LONGEST} characters`;
  const { protocol, username, password } = url;
  const local = isLoopbackHost(hostOf(url));
  if (protocol !== 'https:' && !(protocol === 'http:' && local && rules.loopback)) {
    return 'use https; http is for loopback alone, in development mode';
  }
  if (username || password) return 'leave out user and password: what is sent is the token';
  if (url.hash || text.includes('#')) return 'leave out the fragment';
  return addressAdvice(hostOf(url), rules) ?? (local && !rules.loopback ? NOT_HERE : undefined);
}

const NOT_HERE = 'use another machine: loopback is for development mode';

/** The same of an address that a name stands for. Names are no address, and pass. */
export function addressAdvice(address: string, { loopback }: ProbeUrlRules): string | undefined {
  if (isIP(address) === 0) return undefined;
  if (isWithin(LOOPBACK, address)) return loopback ? undefined : NOT_HERE;
  return isWithin(NEVER, address) ? 'use an address of one machine, other than link-local' : undefined;
}

/** Without the brackets of an IPv6 address, and without the dot that ends a full name. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

function isLoopbackHost(host: string): boolean {
  return LOOPBACK_NAME.test(host) || (isIP(host) !== 0 && isWithin(LOOPBACK, host));
}

/** An IPv4 network as NAT64 (RFC 6052), SIIT (RFC 2765) and 6to4 (RFC 3056) write it in IPv6. */
function translated([network, prefix]: (typeof NEVER_IPV4)[number] | readonly ['127.0.0.0', 8]) {
  const [a = 0, b = 0, c = 0, d = 0] = network.split('.').map(Number);
  const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  return [
    [`64:ff9b::${hex}`, 96 + prefix],
    [`::ffff:0:${hex}`, 96 + prefix],
    [`2002:${hex}::`, 16 + prefix],
  ] as const;
}
