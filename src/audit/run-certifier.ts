import type { Clock } from '../kernel/clock.ts';
import type { Runs } from '../domain/runs.ts';
import { composeRunCertificate } from '../token/run-certificate.ts';
import type { CheckpointSigner } from './checkpointer.ts';

export interface RunCertifierParts {
  readonly runs: Pick<Runs, 'own' | 'certify'>;
  readonly auditKey: CheckpointSigner;
  readonly clock: Clock;
}

/** Has the audit key certify this run, unless it did. Fails as `Signer.sign`; to be tried again then. */
export async function certifyRun({ runs, auditKey, clock }: RunCertifierParts): Promise<void> {
  if (runs.own.certificate !== null) return;
  await runs.certify(await auditKey.sign(composeRunCertificate(runs.own, clock.nowSeconds(), auditKey.kid)));
}
