import { isIP, type LookupFunction } from 'node:net';
import { isForbiddenAddress } from '../../lib/address-guard.ts';
import { guardedLookup } from '../../lib/guarded-lookup.ts';
import { withoutBrackets } from '../../lib/host.ts';

const isInternal = (address: string) => isForbiddenAddress(address, 'public-host');

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
  const bare = withoutBrackets(host);
  if (isIP(bare) !== 0 && isInternal(bare)) throw new InternalAddress(host);
  return { lookup: guardedLookup(isInternal, (name) => new InternalAddress(name)) };
}
