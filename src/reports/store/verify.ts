import { type Selectable, sql } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import { compileQuery } from '../../db/sqlite-dialect.ts';
import type { StoredTrail } from '../../db/stored-trail.ts';
import type { Findings, StoredEvent } from '../../kernel/audit.ts';
import {
  caseStatus,
  filedDetails,
  REPORT_ERASURES,
  REPORT_FILED,
  reportSubjectOf,
  STEP_EVENTS,
  stepDetails,
  suspicionCommitment,
} from '../case.ts';
import { stepFromRow } from './rows.ts';

type Row = Selectable<Schema['reports']>;
type StepRow = Selectable<Schema['report_steps']>;

const STEPS_OF = compileQuery((db) =>
  db.selectFrom('report_steps').selectAll().where('report_number', '=', '').orderBy('sequence'),
);
/** Null where somebody made of the details what is no JSON: that is found elsewhere. */
const REPORTS_IN_DETAILS = sql<number>`CASE WHEN json_valid(details_json) THEN json_extract(details_json, '$.reports') END`;
const ERASED = compileQuery((db) =>
  db
    .selectFrom('audit_events')
    .select((eb) => eb.fn.sum<number | null>(REPORTS_IN_DETAILS).as('reports'))
    .where('type', 'in', REPORT_ERASURES),
);

/**
 * Holds each report, and what became of it, against the audit events that were written with them; answers how many
 * reports there are. `isLost`: whether an accepted restore lost the event of that sequence.
 */
export function verifyReports(
  trail: StoredTrail,
  isLost: (sequence: number) => boolean,
  findings: Findings,
): number {
  const requireRows = (type: string, table: 'reports' | 'report_steps', gone: string) => {
    const orphan = trail.orphanedAuditRecords(type, table).find((sequence) => !isLost(sequence));
    if (orphan !== undefined) findings.add('reports', 'gap', `event ${orphan}`, gone);
  };
  requireRows(REPORT_FILED, 'reports', 'the report that it testifies to is gone');
  for (const type of Object.values(STEP_EVENTS)) {
    requireRows(type, 'report_steps', 'what it says became of a report is gone');
  }
  let [count, erased] = [0, 0];
  for (const row of trail.table('reports', 'sequence')) {
    count += 1;
    if (row.suspicion_json === null) erased += 1;
    const steps = trail.all<StepRow>(STEPS_OF, row.number);
    const flaw = flawOfReport(row, steps, trail.event(row.audit_sequence));
    if (flaw) findings.add('reports', 'bad_row', `report ${row.number}`, flaw);
  }
  for (const row of trail.table('report_steps', 'sequence')) {
    const flaw = flawOfStep(row, trail.event(row.audit_sequence));
    if (flaw) findings.add('reports', 'bad_row', `step ${row.sequence}`, flaw);
  }
  const told = trail.all<{ reports: number | null }>(ERASED, ...REPORT_ERASURES)[0]?.reports ?? 0;
  if (erased > told) {
    const detail = `what was written in ${erased} reports is gone; the trail tells of ${told} erased`;
    findings.add('reports', 'truncated', `${erased} reports`, detail);
  }
  return count;
}

function flawOfReport(
  row: Row,
  steps: readonly StepRow[],
  auditRecord: StoredEvent | undefined,
): string | undefined {
  if (auditRecord?.type !== REPORT_FILED) return 'no audit event testifies to it';
  const { sequence, scope_id: scopeId, digest } = row;
  const agrees =
    auditRecord.detailsJson ===
      JSON.stringify(filedDetails({ sequence, scopeId, digest }, row.suspicion_commitment)) &&
    auditRecord.subject === reportSubjectOf(row.number) &&
    auditRecord.time === row.received_at;
  if (!agrees) return `audit event ${auditRecord.sequence} tells it otherwise`;
  const { state, examined, closedAt } = caseStatus(steps.map(stepFromRow));
  if (row.state !== state || row.examined !== Number(examined) || row.closed_at !== closedAt) {
    return 'it stands otherwise than its steps say';
  }
  const { suspicion_json: json, suspicion_salt: salt } = row;
  if (json === null && salt === null) return undefined;
  if (json !== null && salt && suspicionCommitment(salt, json).equals(row.suspicion_commitment))
    return undefined;
  return 'it does not say what it said when it was received';
}

function flawOfStep(row: StepRow, auditRecord: StoredEvent | undefined): string | undefined {
  if (!auditRecord || auditRecord.type !== STEP_EVENTS[row.kind]) return 'no audit event testifies to it';
  const { sequence, findings_json: findingsJson } = row;
  const { by, at, outcome, note } = stepFromRow(row);
  const agrees =
    auditRecord.detailsJson === JSON.stringify(stepDetails({ sequence, outcome, note, findingsJson })) &&
    auditRecord.subject === reportSubjectOf(row.report_number) &&
    auditRecord.actor === by &&
    auditRecord.time === at;
  return agrees ? undefined : `audit event ${auditRecord.sequence} tells it otherwise`;
}
