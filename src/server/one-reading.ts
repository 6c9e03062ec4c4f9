import type { IncomingMessage } from 'node:http';
import { KeywardError } from '../kernel/errors.ts';

/** Headers with one value: of two lines a proxy may heed one and Node the other (RFC 9110 §5.3, RFC 9112 §3.2). */
const SINGLE: ReadonlySet<string> = new Set([
  ...['host', 'authorization', 'content-type', 'content-length', 'content-encoding', 'transfer-encoding'],
  ...['last-event-id', 'x-request-id', 'traceparent', 'idempotency-key'],
]);

/**
 * Refuses a request that a proxy in front and this server could read differently: `malformed_request` for two lines
 * of a header that has one value, `unsupported_transfer_coding` for any transfer coding but `chunked`
 * (RFC 9112 §6.1).
 */
export function requireOneReading({ rawHeaders, headers }: IncomingMessage): void {
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    throw new KeywardError(
      'unsupported_transfer_coding',
      'send the body with a length, or chunked and no more',
    );
  }
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
