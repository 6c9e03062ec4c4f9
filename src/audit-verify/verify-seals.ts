import type { SealedEvent } from '../kernel/audit.ts';
import type { Checkpoint } from '../domain/checkpoint.ts';
import { hasSealed, type RunPublicKey } from '../kernel/runs.ts';
import type { StoredRun } from '../domain/runs.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import { certifiedRun } from '../token/run-certificate.ts';
import type { Findings } from './finding.ts';

/**
 * Checks the seal of each event against the key of the run it names, and each run against its certificate;
 * `checkpoint` is the last one. Events from before the first run have no seal.
 */
export async function verifySeals(
  events: Iterable<SealedEvent>,
  runs: Iterable<StoredRun>,
  auditKey: AuditPublicKey,
  checkpoint: Checkpoint | undefined,
  findings: Findings,
): Promise<void> {
  const known = new Map<string, RunPublicKey>();
  for (const run of runs) {
    const certified = await certifiedRun(run, auditKey, checkpoint);
    known.set(run.id, certified ?? run);
    if (run.certificate === null || certified) continue;
    findings.add(
      'runs',
      'bad_signature',
      `run ${run.id}`,
      'its certificate is not that of the audit key over it',
    );
  }
  let isSealed = false;
  for (const event of events) {
    const flaw = flawOf(event, known, isSealed);
    if (flaw !== undefined) findings.add('audit', 'bad_signature', `event ${event.sequence}`, flaw);
    isSealed ||= event.seal !== null;
  }
}

function flawOf(
  event: SealedEvent,
  runs: ReadonlyMap<string, RunPublicKey>,
  isSealed: boolean,
): string | undefined {
  const { sequence, runId, seal } = event;
  if (runId === null && seal === null) return isSealed ? 'it has no seal' : undefined;
  const run = runId === null ? undefined : runs.get(runId);
  if (!run) return 'the run that sealed it is not in the database';
  if (sequence > (run.until?.audit ?? sequence)) return 'a former audit key certified the run that sealed it';
  return hasSealed(run, 'audit', event) ? undefined : 'its seal is not that of its run';
}
