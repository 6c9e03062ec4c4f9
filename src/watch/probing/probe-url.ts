import { isIP } from 'node:net';
import { addressList, isWithin } from '../../outlets/address-list.ts';

const LONGEST = 2_048;
const LOOPBACK_NAME = /(?:^|\.)localhost$/;

/** Nothing answers there but the machine itself, a cloud's metadata service, or many at once (RFC 6890). */
const NEVER = addressList([
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::254', 128],
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
  if (isWithin(NEVER, address)) return 'use an address of one machine, other than link-local';
  return isWithin(LOOPBACK, address) && !loopback ? NOT_HERE : undefined;
}

/** Without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function isLoopbackHost(host: string): boolean {
  return LOOPBACK_NAME.test(host) || (isIP(host) !== 0 && isWithin(LOOPBACK, host));
}
