import { groupHash, type LedgerGroup } from '../../domain/ledger-chain.ts';
import { type GroupFault, linkFault, rowsFault } from '../../domain/ledger-check.ts';
import type { Expectations } from './expectations.ts';
import type { Fault, Findings } from './finding.ts';
import type { SourceGroup } from './trail-source.ts';

const FAULTS = {
  sequence: ['gap', 'a group before it is missing'],
  previous_hash: ['bad_row', 'it does not follow from the group before it'],
  first_record: ['gap', 'records between it and the group before are missing'],
  row_count: ['bad_row', 'it has more or fewer records than it was committed with'],
  row_place: ['bad_row', 'its records are not in the places they were committed in'],
  group_hash: ['bad_row', 'its records do not give its hash'],
} as const satisfies Record<GroupFault, readonly [Fault, string]>;

/** Recomputes the chain of groups from their records; answers how many groups there are. */
export function verifyLedger(
  groups: Iterable<SourceGroup>,
  expectations: Expectations,
  findings: Findings,
): number {
  let before: LedgerGroup | undefined;
  let count = 0;
  for (const found of groups) {
    const { group } = found;
    const fault = linkFault(group, before) ?? contentFault(found);
    if (fault) {
      const [kind, detail] = FAULTS[fault];
      const place = `group ${kind === 'gap' ? (before?.sequence ?? 0) + 1 : group.sequence}`;
      findings.add('ledger', kind, place, detail);
    }
    expectations.meet(group.sequence, group.groupHash);
    before = group;
    count += 1;
  }
  expectations.finish(before?.sequence ?? 0);
  return count;
}

function contentFault({ group, rows, hashes }: SourceGroup): GroupFault | undefined {
  if (rows) return rowsFault(group, rows);
  if (!hashes) return undefined;
  if (hashes.length !== group.rowCount * 32) return 'row_count';
  return groupHash(group, hashes).equals(group.groupHash) ? undefined : 'group_hash';
}
