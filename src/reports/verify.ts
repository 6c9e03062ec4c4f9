import type { StoredEvent } from '../domain/audit-sink.ts';
import { type CaseStanding, caseStanding, type FiledReport } from './case.ts';
import {
  filedDetails,
  REPORT_FILED,
  reportSubjectOf,
  STEP_EVENTS,
  type StoredCaseStep,
  stepDetails,
  suspicionCommitment,
} from './audited.ts';
import type { Findings } from '../audit/verify/finding.ts';

export interface StoredReport
  extends Omit<FiledReport, 'suspicion' | 'digest'>,
    Omit<CaseStanding, 'examined'> {
  /** 0 or 1; anything else is not what was written. */
  readonly examined: number;
  readonly digest: Uint8Array | null;
  /** Null once it is erased, and the salt with it. */
  readonly suspicionJson: string | null;
  readonly suspicionSalt: Uint8Array | null;
  readonly suspicionCommitment: Uint8Array;
  readonly auditSequence: number;
  /** What became of it, in order. */
  readonly steps: readonly StoredCaseStep[];
}

/** What the audit trail says. */
export interface ReportTestimonies {
  at(auditSequence: number): StoredEvent | undefined;
  /** Of how many reports it says that what was written was erased. */
  readonly erased: number;
}

/**
 * Holds each report, and what became of it, against the audit events that were written with them; answers how many
 * reports there are.
 */
export function verifyReports(
  reports: Iterable<StoredReport>,
  steps: Iterable<StoredCaseStep>,
  testimonies: ReportTestimonies,
  findings: Findings,
): number {
  let [count, erased] = [0, 0];
  for (const row of reports) {
    count += 1;
    if (row.suspicionJson === null) erased += 1;
    const flaw = flawOfReport(row, testimonies.at(row.auditSequence));
    if (flaw) findings.add('reports', 'bad_row', `report ${row.number}`, flaw);
  }
  for (const row of steps) {
    const flaw = flawOfStep(row, testimonies.at(row.auditSequence));
    if (flaw) findings.add('reports', 'bad_row', `step ${row.sequence}`, flaw);
  }
  if (erased > testimonies.erased) {
    const detail = `what was written in ${erased} reports is gone; the trail tells of ${testimonies.erased} erased`;
    findings.add('reports', 'truncated', `${erased} reports`, detail);
  }
  return count;
}

function flawOfReport(row: StoredReport, testimony: StoredEvent | undefined): string | undefined {
  if (testimony?.type !== REPORT_FILED) return 'no audit event testifies to it';
  const agrees =
    testimony.detailsJson === JSON.stringify(filedDetails(row, row.suspicionCommitment)) &&
    testimony.subject === reportSubjectOf(row.number) &&
    testimony.time === row.receivedAt;
  if (!agrees) return `audit event ${testimony.sequence} tells it otherwise`;
  if (!standsAsSaid(row)) return 'it stands otherwise than its steps say';
  const { suspicionJson: json, suspicionSalt: salt } = row;
  if (json === null && salt === null) return undefined;
  if (json !== null && salt && suspicionCommitment(salt, json).equals(row.suspicionCommitment))
    return undefined;
  return 'it does not say what it said when it was received';
}

function standsAsSaid({ steps, ...row }: StoredReport): boolean {
  const { state, examined, closedAt } = caseStanding(steps);
  return row.state === state && row.examined === Number(examined) && row.closedAt === closedAt;
}

function flawOfStep(row: StoredCaseStep, testimony: StoredEvent | undefined): string | undefined {
  if (!testimony || testimony.type !== STEP_EVENTS[row.kind]) return 'no audit event testifies to it';
  const agrees =
    testimony.detailsJson === JSON.stringify(stepDetails(row)) &&
    testimony.subject === reportSubjectOf(row.reportNumber) &&
    testimony.actor === row.by &&
    testimony.time === row.at;
  return agrees ? undefined : `audit event ${testimony.sequence} tells it otherwise`;
}
