import type { RecordedCertificate, StoredRun } from '../kernel/audit-chain.ts';
import type { Clock } from '../kernel/clock.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import { composeRunCertificate, isCertified, readRunCertificate } from '../token/run-certificate.ts';
import type { CheckpointSigner } from './checkpointer.ts';
import type { Runs } from './trail.ts';

/** A row that is not as the audit trail has its certificate, which the audit key signed. */
interface RepairedRun {
  readonly run: StoredRun;
  readonly why: string;
}

/** What is missing or changed among the rows, as their certificates in the trail have them. */
export async function runsToRepair(
  rows: readonly StoredRun[],
  told: readonly RecordedCertificate[],
  auditKey: AuditPublicKey,
): Promise<readonly RepairedRun[]> {
  const known = new Map(rows.map((row) => [row.id, row]));
  const repaired: RepairedRun[] = [];
  for (const { sequence, runId, certificate } of told) {
    const row = known.get(runId);
    if (row?.certificate === certificate && (await isCertified(row, auditKey))) continue;
    const run = await readRunCertificate(certificate, auditKey);
    if (run?.id !== runId) continue;
    const what = row ? 'its row is not as it was written' : 'its row is gone';
    repaired.push({
      run: { ...run, certificate },
      why: `${what}; audit event ${sequence} has its certificate`,
    });
  }
  return repaired;
}

/**
 * Makes the rows again, so that what these runs sealed goes on counting. Each is told, unless two persons accepted that
 * it was lost. `store_unavailable`.
 */
export async function repairRuns(
  runs: Pick<Runs, 'all' | 'certificates' | 'repair'>,
  auditKey: AuditPublicKey,
  { isLossAccepted = false } = {},
): Promise<void> {
  for (const { run, why } of await runsToRepair(await runs.all(), await runs.certificates(), auditKey)) {
    await runs.repair(run, isLossAccepted ? undefined : `${why}; it was made again`);
  }
}

interface RunCertifierDeps {
  readonly runs: Pick<Runs, 'own' | 'certify'>;
  readonly auditKey: CheckpointSigner;
  readonly clock: Clock;
}

/** Has the audit key certify this run, unless it did. Fails as `Signer.sign`; to be tried again then. */
export async function certifyRun({ runs, auditKey, clock }: RunCertifierDeps): Promise<void> {
  if (runs.own.certificate !== null) return;
  await runs.certify(await auditKey.sign(composeRunCertificate(runs.own, clock.nowSeconds(), auditKey.kid)));
}
