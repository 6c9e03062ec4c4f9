import { runsToRepair } from '../audit/repair-runs.ts';
import type { Findings, SealedEvent, StoredEvent } from '../kernel/audit.ts';
import {
  auditDetailsIn,
  type Checkpoint,
  type GroupSeal,
  hasSealed,
  type RecordedCertificate,
  type RunPublicKey,
  type StoredRun,
  TrustedRuns,
} from '../kernel/audit-chain.ts';
import { SERVICE_KEYS_ENROLLED } from '../kernel/registry.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import { certifiedRun, certifiedRuns } from '../token/run-certificate.ts';

/**
 * Checks the seal of each event against the key of the run it names, and each run against its certificate;
 * `checkpoint` is the last one.
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
  for (const event of events) {
    const flaw = flawOf(event, known);
    if (flaw !== undefined) findings.add('audit', 'bad_signature', `event ${event.sequence}`, flaw);
  }
}

function flawOf(event: SealedEvent, runs: ReadonlyMap<string, RunPublicKey>): string | undefined {
  const { sequence, runId, seal } = event;
  if (runId === null && seal === null) return 'it has no seal';
  const run = runId === null ? undefined : runs.get(runId);
  if (!run) return 'the run that sealed it is not in the database';
  if (sequence > (run.until?.audit ?? sequence)) return 'a former audit key certified the run that sealed it';
  return hasSealed(run, 'audit', event) ? undefined : 'its seal is not that of its run';
}

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

/** Holds the runs against the certificates in the trail; answers them as those have them. */
export async function verifyRuns(
  rows: readonly StoredRun[],
  told: readonly RecordedCertificate[],
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

/** Each audit key that the configuration names as a former one was followed by the next with two persons' word, and no other. */
export function verifyEnrolments(
  events: Iterable<StoredEvent>,
  { former = [] }: AuditPublicKey,
  findings: Findings,
): void {
  const kids = new Set(former.map(({ kid }) => kid));
  const enrolled = new Set<unknown>();
  for (const { type, sequence, detailsJson } of events) {
    if (type !== SERVICE_KEYS_ENROLLED) continue;
    const { former_audit_key } = auditDetailsIn(detailsJson);
    enrolled.add(former_audit_key);
    if (kids.has(String(former_audit_key))) continue;
    const detail =
      'it tells of successors to an audit key that the configuration does not name as a former one';
    findings.add('audit', 'refused', `event ${sequence}`, detail);
  }
  for (const kid of kids) {
    if (enrolled.has(kid)) continue;
    const detail = 'no event tells that two persons enrolled its successor';
    findings.add('checkpoints', 'refused', `former audit key ${kid}`, detail);
  }
}
