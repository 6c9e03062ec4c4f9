import type { Selectable } from 'kysely';
import type { Revocation } from '../kernel/revocation.ts';
import type { ChainedRevocation } from '../domain/revocation-chain.ts';
import type { Schema } from './schema.ts';

type Row = Selectable<Schema['revocations']>;

export function revocationFromRow(row: Row): Revocation {
  return {
    sequence: row.sequence,
    createdAt: row.created_at,
    scopeId: row.scope_id,
    jti: row.jti,
    root: row.root,
    clientId: row.client_id,
    issuedFrom: row.issued_from,
    issuedUntil: row.issued_until,
    lapsesAt: row.lapses_at,
    revokedBy: row.revoked_by,
    reason: row.reason,
  };
}

export function chainedRevocation(row: Row): ChainedRevocation {
  const { root: _, ...chained } = revocationFromRow(row);
  return { ...chained, rootCommitment: row.root_commitment };
}
