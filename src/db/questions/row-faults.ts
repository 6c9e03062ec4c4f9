import {
  type GroupFault,
  type LedgerGroup,
  MOST_ROWS,
  type PlacedRow,
  rowsFault,
} from '../../kernel/ledger-chain.ts';
import { type Rows, statement } from '../rows.ts';

/** Read at once, to the end of a group. */
const ROWS_AT_ONCE = 500;

/** As the chain names them: copying every row once more would be a fifth of the walk. */
const RECORDS = statement<PlacedRow>(`SELECT sequence, group_sequence AS "groupSequence", digest,
  scope_id AS "scopeId", kid, jti, client_id AS "clientId", subject, root, trace_id AS "traceId", iat, exp, salt,
  subject_commitment AS "subjectCommitment", root_commitment AS "rootCommitment" FROM issuance_records
  WHERE sequence >= ? AND sequence <= ? ORDER BY sequence`);

/** What is wrong with the rows of each group. Up to `archivedGroup` rows may be gone to an archive. */
export async function rowFaults(
  source: Rows,
  groups: readonly LedgerGroup[],
  archivedGroup: number,
): Promise<ReadonlyMap<LedgerGroup, GroupFault>> {
  const faults = new Map<LedgerGroup, GroupFault>();
  for (const group of groups) if (!isPossible(group)) faults.set(group, 'row_count');
  for (const part of inParts(groups.filter(isPossible))) {
    const lists = part.map(({ firstRecord, rowCount }) => [firstRecord, firstRecord + rowCount - 1]);
    const found = await source.allOfEach(RECORDS, lists);
    for (const [index, group] of part.entries()) {
      const rows = found[index] ?? [];
      // Rows in an archive are deleted a few at a time.
      if (rows.length < group.rowCount && group.sequence <= archivedGroup) continue;
      const fault = rowsFault(group, rows);
      if (fault) faults.set(group, fault);
    }
  }
  return faults;
}

function isPossible({ rowCount }: LedgerGroup): boolean {
  return rowCount >= 1 && rowCount <= MOST_ROWS;
}

function inParts(groups: readonly LedgerGroup[]): LedgerGroup[][] {
  const parts: LedgerGroup[][] = [];
  let rows = ROWS_AT_ONCE;
  for (const group of groups) {
    if (rows >= ROWS_AT_ONCE) {
      parts.push([]);
      rows = 0;
    }
    parts.at(-1)?.push(group);
    rows += group.rowCount;
  }
  return parts;
}
