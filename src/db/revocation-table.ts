import { auditDetailsIn } from '../kernel/audit-chain.ts';
import { commitmentTo, SALT_BYTES } from '../kernel/ledger-chain.ts';
import { REVOCATION_ADDED, type Revocation } from '../kernel/revocation.ts';
import { camelCased } from './camel-case.ts';
import type { TestifiedRow } from './schema.ts';
import type { TestifiedTable } from './testified-table.ts';

const NUMBERED = 'SELECT audit_sequence FROM revocations WHERE sequence = ?';
const NO_SALT = new Uint8Array(SALT_BYTES);

/** The audit event tells everything but the root event itself, which must stay erasable. */
export const revocationTable: TestifiedTable<'revocations'> = {
  table: 'revocations',
  types: { [REVOCATION_ADDED]: { part: 'revocations', tells: 'the revocation that it testifies to' } },
  name: ({ sequence }) => `revocation ${sequence}`,
  auditRecord: (row) => ({
    type: REVOCATION_ADDED,
    subject: row.scope_id === null ? 'revocations' : `scope:${row.scope_id}`,
    // Where it was made again, the row names who made it first.
    actor: undefined,
    time: row.created_at,
    details: {
      sequence: row.sequence,
      scope_id: row.scope_id,
      jti: row.jti,
      root_commitment: Buffer.from(row.root_commitment).toString('base64url'),
      client_id: row.client_id,
      issued_from: row.issued_from,
      issued_until: row.issued_until,
      lapses_at: row.lapses_at,
      revoked_by: row.revoked_by,
      reason: row.reason,
    },
  }),
  /** One that was gone was made again under its number. */
  isReplaced({ sequence, detailsJson }, trail) {
    const number = Number(auditDetailsIn(detailsJson).sequence);
    const rows = trail.all<{ audit_sequence: number }>(NUMBERED, number);
    return rows.some(({ audit_sequence }) => audit_sequence > sequence);
  },
  flaw({ root, root_salt, root_commitment }) {
    const isKept = commitmentOf(root, root_salt).equals(root_commitment);
    if (isKept && (root === null) === (root_salt === null)) return undefined;
    return 'its root event is not the one it was made with';
  },
};

export function commitmentOf(root: string | null, salt: Uint8Array | null): Buffer {
  return commitmentTo('root', salt ?? NO_SALT, root);
}

export function revocationFromRow(row: TestifiedRow<'revocations'>): Revocation {
  const { rootSalt, rootCommitment, auditSequence, ...revocation } = camelCased(row);
  return revocation;
}
