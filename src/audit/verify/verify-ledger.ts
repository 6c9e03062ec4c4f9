import { groupHash, type LedgerGroup } from '../../kernel/ledger-chain.ts';
import { GROUP_FAULTS, type GroupFault, linkFault, rowsFault } from '../../domain/ledger-check.ts';
import type { CheckpointAssertions } from './checkpoint-assertions.ts';
import type { Findings } from '../../audit-verify/finding.ts';
import type { SourceGroup } from '../../audit-verify/trail-source.ts';

const GAPS: ReadonlySet<GroupFault> = new Set(['sequence', 'first_record']);

/** Recomputes the chain of groups from their records; answers how many groups there are. */
export function verifyLedger(
  groups: Iterable<SourceGroup>,
  expectations: CheckpointAssertions,
  findings: Findings,
): number {
  let before: LedgerGroup | undefined;
  let count = 0;
  for (const found of groups) {
    const { group } = found;
    const fault = linkFault(group, before) ?? contentFault(found);
    if (fault) {
      const isGap = GAPS.has(fault);
      const place = `group ${isGap ? (before?.sequence ?? 0) + 1 : group.sequence}`;
      findings.add('ledger', isGap ? 'gap' : 'bad_row', place, GROUP_FAULTS[fault]);
    }
    expectations.check(group.sequence, group.groupHash);
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
