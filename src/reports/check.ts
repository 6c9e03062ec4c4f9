import type { Findings } from '../audit/verify/finding.ts';
import { type StoredReport, verifyReports } from './verify.ts';
import { isLost } from '../audit-verify-database.ts';
import type { StoredTrail } from '../db/stored-trail.ts';
import type { RecordGap } from '../domain/record-gap.ts';
import { REPORT_FILED, STEP_EVENTS, type StoredCaseStep } from './audited.ts';

type StepRow = ReturnType<StoredTrail['stepsOfReport']>[number];

/** Reports and what became of them, against the audit trail; answers how many reports there are. */
export function checkReports(trail: StoredTrail, gaps: readonly RecordGap[], findings: Findings): number {
  const requireRows = (type: string, table: 'reports' | 'report_steps', gone: string) => {
    const orphan = trail.orphanedTestimonies(type, table).find((sequence) => !isLost(gaps, sequence));
    if (orphan !== undefined) findings.add('reports', 'gap', `event ${orphan}`, gone);
  };
  requireRows(REPORT_FILED, 'reports', 'the report that it testifies to is gone');
  for (const type of Object.values(STEP_EVENTS)) {
    requireRows(type, 'report_steps', 'what it says became of a report is gone');
  }
  const testimonies = { at: (sequence: number) => trail.event(sequence), erased: trail.reportsErased() };
  return verifyReports(reportsOf(trail), stepsOf(trail), testimonies, findings);
}

function* reportsOf(trail: StoredTrail): Generator<StoredReport> {
  for (const row of trail.reports()) {
    yield {
      sequence: row.sequence,
      number: row.number,
      scopeId: row.scope_id,
      receivedAt: row.received_at,
      digest: row.digest,
      suspicionJson: row.suspicion_json,
      suspicionSalt: row.suspicion_salt,
      suspicionCommitment: row.suspicion_commitment,
      auditSequence: row.audit_sequence,
      state: row.state,
      examined: row.examined,
      closedAt: row.closed_at,
      steps: trail.stepsOfReport(row.number).map(stepOf),
    };
  }
}

function* stepsOf(trail: StoredTrail): Generator<StoredCaseStep> {
  for (const row of trail.reportSteps()) yield stepOf(row);
}

function stepOf(row: StepRow): StoredCaseStep {
  return {
    sequence: row.sequence,
    reportNumber: row.report_number,
    kind: row.kind,
    by: row.taken_by,
    at: row.taken_at,
    outcome: row.outcome,
    note: row.note,
    findingsJson: row.findings_json,
    auditSequence: row.audit_sequence,
  };
}
