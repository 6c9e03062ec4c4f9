import { createHash } from 'node:crypto';
import type { IssuanceRecord } from '../../src/kernel/issuance.ts';

/** The nth record of a test: every value follows from the number. */
export function issuanceRecord(n: number, change: Partial<IssuanceRecord> = {}): IssuanceRecord {
  return {
    digest: createHash('sha256').update(`signing input ${n}`).digest(),
    scopeId: 'payments',
    kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
    jti: `jti-${n}`,
    clientId: 'payments-identity',
    subject: `user-${n}`,
    root: n % 2 === 0 ? `sign-in-${n}` : null,
    traceId: n % 2 === 0 ? n.toString(16).padStart(32, 'a') : null,
    iat: 1_760_000_000 + n,
    exp: 1_760_000_300 + n,
    ...change,
  };
}
