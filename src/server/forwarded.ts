import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { addressMatcher } from '../lib/address-guard.ts';

/** Addresses of `X-Forwarded-For` that are looked at, from the last on. */
const MOST_HOPS = 32;

/** Whom a request is from; undefined where its connection is gone. */
type RemoteAddress = (request: IncomingMessage) => string | undefined;

/**
 * The peer of the connection, unless that is a listed proxy: then the last address of `X-Forwarded-For` that is no
 * listed proxy's. What stands before it is the caller's own word, and so is the whole header of any other peer, of which
 * `onIgnored` is told.
 */
export function remoteAddress(
  trustedProxies: readonly string[],
  onIgnored: (peer: string) => void = () => {},
): RemoteAddress {
  const isProxy = addressMatcher(trustedProxies);
  return ({ headers, socket }) => {
    let remote = socket.remoteAddress;
    const header = headers['x-forwarded-for'];
    if (header === undefined || remote === undefined) return remote;
    if (!isProxy(remote)) {
      onIgnored(remote);
      return remote;
    }
    for (const each of String(header).split(',').reverse().slice(0, MOST_HOPS)) {
      const address = each.trim();
      if (isIP(address) === 0) return remote;
      remote = address;
      if (!isProxy(remote)) return remote;
    }
    return remote;
  };
}
