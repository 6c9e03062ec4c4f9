import type { Findings, StoredEvent } from '../kernel/audit.ts';
import { STEP_TESTIMONIES, type StoredStep, stepDetails, stepSubject } from '../kernel/event-chain.ts';

/** Holds what people did about security events against the audit events that were written with it. */
export function verifyEventSteps(
  rows: Iterable<StoredStep>,
  auditRecordAt: (auditSequence: number) => StoredEvent | undefined,
  findings: Findings,
): void {
  for (const row of rows) {
    const flaw = flawOf(row, auditRecordAt(row.auditSequence));
    if (flaw) findings.add('security_events', 'bad_row', `step ${row.sequence}`, flaw);
  }
}

function flawOf(row: StoredStep, auditRecord: StoredEvent | undefined): string | undefined {
  if (!auditRecord || auditRecord.type !== STEP_TESTIMONIES[row.state])
    return 'no audit event testifies to it';
  const agrees =
    auditRecord.detailsJson === JSON.stringify(stepDetails(row)) &&
    auditRecord.subject === stepSubject(row) &&
    auditRecord.actor === row.by &&
    auditRecord.time === row.at;
  return agrees ? undefined : `audit event ${auditRecord.sequence} tells it otherwise`;
}
