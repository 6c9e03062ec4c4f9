import type { Checkpoint } from '../../domain/checkpoint.ts';
import type { StoredRun } from '../../domain/runs.ts';
import { type GroupSeal, TrustedRuns } from '../../domain/trusted-runs.ts';
import type { AuditPublicKey } from '../../token/checkpoint.ts';
import { certifiedRuns } from '../../token/run-certificate.ts';
import type { Findings } from '../../audit-verify/finding.ts';

/** Checks that a run which the audit key has certified sealed each group of the ledger; `checkpoint` is the last one. */
export async function verifyGroupSeals(
  groups: Iterable<GroupSeal>,
  runs: Iterable<StoredRun>,
  auditKey: AuditPublicKey,
  checkpoint: Checkpoint | undefined,
  findings: Findings,
): Promise<void> {
  const trusted = new TrustedRuns(await certifiedRuns(runs, auditKey, checkpoint));
  for (const group of groups) {
    if (trusted.haveSealed('ledger', group)) continue;
    findings.add('ledger', 'bad_signature', `group ${group.sequence}`, 'no certified run sealed it');
    return;
  }
}
