import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

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
