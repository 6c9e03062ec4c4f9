import { isIP } from 'node:net';
import { isForbiddenAddress, isLoopbackAddress } from '../../lib/address-guard.ts';
import { withoutBrackets } from '../../lib/host.ts';

const LONGEST = 2_048;
const LOOPBACK_NAME = /(?:^|\.)localhost$/;

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
  const local = isLocal(hostOf(url));
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
  if (isLoopbackAddress(address)) return loopback ? undefined : NOT_HERE;
  return isForbiddenAddress(address, 'any-host')
    ? 'use an address of one machine, other than link-local'
    : undefined;
}

/** Without the brackets of an IPv6 address, and without the dot that ends a full name. */
function hostOf(url: URL): string {
  return withoutBrackets(url.hostname).replace(/\.$/, '');
}

function isLocal(host: string): boolean {
  return LOOPBACK_NAME.test(host) || isLoopbackAddress(host);
}
