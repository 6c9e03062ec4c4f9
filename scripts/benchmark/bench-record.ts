import { hash } from 'node:crypto';
import type { IssuanceRecord } from '../../src/kernel/issuance.ts';

const FIRST_IAT = 1_760_000_000;

/** The nth of many records, shaped as a service would issue them; the same whenever it is asked for. */
export function benchRecord(n: number): IssuanceRecord {
  const digest = hash('sha256', `record ${n}`, 'buffer');
  const iat = FIRST_IAT + Math.floor(Math.max(n, 0) / 1_000);
  return {
    digest,
    scopeId: 'payments',
    kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
    jti: digest.toString('base64url', 0, 16),
    clientId: 'payments-identity',
    subject: `user-${Math.abs(n) % 1_000_000}`,
    root: null,
    traceId: null,
    iat,
    exp: iat + 300,
  };
}
