import type { StoredEvent } from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import { commitmentTo, SALT_BYTES } from '../kernel/ledger-chain.ts';
import { REVOCATION_ADDED, type Revocation } from '../kernel/revocation.ts';
import { camelCased } from './camel-case.ts';
import type { TestifiedRow } from './schema.ts';
import { flawOf, type TestifiedTable } from './testified-table.ts';

/** The rows that say they stand in for the one of an audit event. */
export const STANDING_IN = 'SELECT * FROM revocations WHERE instead_of = ? ORDER BY sequence';
type Row = TestifiedRow<'revocations'>;

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
      instead_of: row.instead_of,
    },
  }),
  isReplaced({ sequence }, trail) {
    const rows = trail.all<Row>(STANDING_IN, sequence);
    return rows.some((row) => standsInFor(sequence, row, trail.event(row.audit_sequence)));
  },
  flaw({ root, root_salt, root_commitment }) {
    const isKept = commitmentOf(root, root_salt).equals(root_commitment);
    if (isKept && (root === null) === (root_salt === null)) return undefined;
    return 'its root event is not the one it was made with';
  },
};

/** Whether the row was made again for that of an audit event: its own, `by`, must testify to that as well. */
export function standsInFor(event: number, row: Row, by: StoredEvent | undefined): boolean {
  return row.instead_of === event && row.audit_sequence > event && !flawOf(revocationTable, row, by);
}

/** The number of the revocation that the audit event tells of. No number exceeds that of its event: others are forged. */
export function toldNumber({ sequence, detailsJson }: Pick<StoredEvent, 'sequence' | 'detailsJson'>): number {
  const number = Number(auditDetailsIn(detailsJson).sequence);
  return Number.isSafeInteger(number) && number <= sequence ? number : 0;
}

export function commitmentOf(root: string | null, salt: Uint8Array | null): Buffer {
  return commitmentTo('root', salt ?? NO_SALT, root);
}

export function revocationFromRow(row: Row): Revocation {
  const { rootSalt, rootCommitment, insteadOf, auditSequence, ...revocation } = camelCased(row);
  return revocation;
}
