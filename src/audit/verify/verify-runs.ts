import type { StoredRun, ToldCertificate } from '../../domain/runs.ts';
import type { AuditPublicKey } from '../../token/checkpoint.ts';
import { runsToRepair } from '../repair-runs.ts';
import type { Findings } from '../../audit-verify/finding.ts';

/** Holds the runs against the certificates in the trail; answers them as those have them. */
export async function verifyRuns(
  rows: readonly StoredRun[],
  told: readonly ToldCertificate[],
  auditKey: AuditPublicKey,
  findings: Findings,
): Promise<readonly StoredRun[]> {
  const runs = new Map(rows.map((row) => [row.id, row]));
  for (const { run, why } of await runsToRepair(rows, told, auditKey)) {
    findings.add('runs', runs.has(run.id) ? 'bad_row' : 'gap', `run ${run.id}`, why);
    runs.set(run.id, run);
  }
  return [...runs.values()];
}
