import { createHash } from 'node:crypto';
import type { IssuanceRecord } from '../../src/kernel/issuance.ts';

/** The record that the service would have made of the token. */
export function recordOf(token: string, scopeId: string): IssuanceRecord {
  const [header, payload] = token
    .split('.', 2)
    .map((part) => JSON.parse(String(Buffer.from(part, 'base64url'))));
  const { jti, iat, exp } = payload;
  const digest = createHash('sha256')
    .update(token.slice(0, token.lastIndexOf('.')))
    .digest();
  const names = { scopeId, kid: header.kid, clientId: `${scopeId}-sign` };
  return { digest, ...names, jti, subject: null, root: null, traceId: null, iat, exp };
}
