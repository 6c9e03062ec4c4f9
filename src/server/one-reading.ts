import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { KeywardError } from '../kernel/errors.ts';
import type { ApiRequest } from './exchange.ts';

/** Headers with one value: of two lines a proxy may heed one and Node the other (RFC 9110 §5.3, RFC 9112 §3.2). */
const SINGLE: ReadonlySet<string> = new Set([
  ...['host', 'authorization', 'content-type', 'content-length', 'content-encoding', 'transfer-encoding'],
  ...['last-event-id', 'x-request-id', 'traceparent', 'idempotency-key'],
]);

/**
 * Refuses a request that a proxy in front and this server could read differently (RFC 9112 §3, §6.1):
 * `unsupported_transfer_coding` for any transfer coding but `chunked`; `malformed_request` for a transfer coding
 * outside HTTP/1.1, a target or `Host` of doubtful meaning, and two lines of a header that has one value.
 */
export function requireOneReading(request: IncomingMessage): void {
  requireOneLength(request);
  requireOneTarget(request);
  requireSingleLines(request);
}

/** Node reads what came with such a request as further ones, though their connection is about to end. */
const ended = new WeakSet<Socket>();

function requireOneLength(request: IncomingMessage): void {
  const coding = request.headers['transfer-encoding'];
  if ((coding !== undefined && request.httpVersion !== '1.1') || ended.has(request.socket)) {
    ended.add(request.socket);
    const { res } = request as Partial<ApiRequest>;
    if (res) res.shouldKeepAlive = false;
    throw new KeywardError('malformed_request', 'send Transfer-Encoding with HTTP/1.1 only');
  }
  if (coding === undefined) return;
  if (coding.toLowerCase() !== 'chunked') {
    throw new KeywardError(
      'unsupported_transfer_coding',
      'send the body with a length, or chunked and no more',
    );
  }
}

const PATH = /^\/[^#]*$/;
const URL_WITH_AUTHORITY = /^https?:\/\/([^/?#]+)(?:[/?][^#]*)?$/i;
/** RFC 3986 §3.2.2, without what some take for a list (the comma) and what not all decode (`%`). */
const NAME = "[\\w.~!$&'()*+;=-]+";
const IPV6 = '\\[[\\da-f:.]+\\]';
const PORT = ':(?:\\d{0,4}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d\\d|655[0-2]\\d|6553[0-5])';
const HOST = new RegExp(`^(?:(?:${NAME}|${IPV6})(?:${PORT})?)?$`, 'i');

function requireOneTarget({ url = '', method, headers: { host } }: IncomingMessage): void {
  if (host !== undefined && !HOST.test(host)) {
    throw new KeywardError('malformed_request', 'send Host as host or host:port');
  }
  if (PATH.test(url) || (method === 'OPTIONS' && url === '*')) return;
  const authority = URL_WITH_AUTHORITY.exec(url)?.[1];
  if (authority === undefined || authority.toLowerCase() !== host?.toLowerCase()) {
    throw new KeywardError(
      'malformed_request',
      'ask for a path, or for an http URL with the authority of Host, without a fragment',
    );
  }
}

function requireSingleLines({ rawHeaders, headers }: IncomingMessage): void {
  // Node names each header once: nothing was sent twice.
  if (Object.keys(headers).length * 2 === rawHeaders.length) return;
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? '';
    if (!SINGLE.has(name)) continue;
    if (seen.has(name)) throw new KeywardError('malformed_request', `send one ${name} line`);
    seen.add(name);
  }
}
