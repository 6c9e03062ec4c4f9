import {
  type GroupFault,
  type LedgerGroup,
  linkFault,
  type PlacedRow,
  rowsFault,
} from '../../src/kernel/ledger-chain.ts';
import { query } from './store-database.ts';

export function groupsIn(file: string): LedgerGroup[] {
  return query(file, 'SELECT * FROM ledger_groups ORDER BY sequence').map((group) => ({
    sequence: group.sequence as number,
    firstRecord: group.first_record as number,
    rowCount: group.row_count as number,
    committedAt: group.committed_at as number,
    previousHash: group.previous_hash as Uint8Array,
    groupHash: group.group_hash as Uint8Array,
  }));
}

export function rowsIn(file: string): PlacedRow[] {
  return query(file, 'SELECT * FROM issuance_records ORDER BY sequence').map((row) => ({
    sequence: row.sequence as number,
    groupSequence: row.group_sequence as number,
    digest: row.digest as Uint8Array,
    scopeId: row.scope_id as string,
    kid: row.kid as string,
    jti: row.jti as string,
    clientId: row.client_id as string,
    subject: row.subject as string | null,
    root: row.root as string | null,
    traceId: row.trace_id as Uint8Array | null,
    iat: row.iat as number,
    exp: row.exp as number,
    salt: row.salt as Uint8Array | null,
    subjectCommitment: row.subject_commitment as Uint8Array | null,
    rootCommitment: row.root_commitment as Uint8Array | null,
  }));
}

/** What is wrong with the chain of a database, and how many rows no group covers. */
export function chainFaultsIn(file: string): { faults: readonly GroupFault[]; uncovered: number } {
  const groups = groupsIn(file);
  const rows = rowsIn(file);
  const faults = groups.flatMap((group, index) => {
    const last = group.firstRecord + group.rowCount;
    const own = rows.filter(({ sequence }) => sequence >= group.firstRecord && sequence < last);
    return [linkFault(group, groups[index - 1]), rowsFault(group, own)].filter(
      (fault) => fault !== undefined,
    );
  });
  const covered = groups.reduce((sum, { rowCount }) => sum + rowCount, 0);
  return { faults, uncovered: rows.length - covered };
}
