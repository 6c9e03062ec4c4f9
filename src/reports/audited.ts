import { hash } from 'node:crypto';
import type { CaseStep, CaseStepKind, FiledReport, Suspicion } from './case.ts';

/** The audit events that testify to a report and to what became of it. */
export const REPORT_FILED = 'report.filed';
/** By an operator; `report.expired` by itself, when its time was over. */
export const REPORT_ERASED = 'report.erased';
export const REPORT_EXPIRED = 'report.expired';
export const ERASURE_REQUESTED = 'ledger.erasure_requested';
/** One for each report, which names it as its subject. */
export const ERASURES_OF_ONE = [REPORT_ERASED, REPORT_EXPIRED] as const;
/** Those that say in `reports` of how many reports text and contact were erased. */
export const REPORT_ERASURES = [REPORT_ERASED, REPORT_EXPIRED, ERASURE_REQUESTED] as const;
export const STEP_EVENTS = {
  examined: 'report.examined',
  taken: 'report.taken',
  noted: 'report.noted',
  closed: 'report.closed',
} as const satisfies Record<CaseStepKind, string>;

const TAG = Buffer.from('keyward-report-v1\0');

export function reportSubjectOf(number: string): string {
  return `report:${number}`;
}

/** As it is stored, and as it is committed to. */
export function suspicionJson({ text, contact }: Suspicion): string {
  return JSON.stringify({ text, contact });
}

/** All that stays of text and contact once they are erased: SHA-256(salt ‖ tag ‖ JSON text). */
export function suspicionCommitment(salt: Uint8Array, json: string): Buffer {
  return hash('sha256', Buffer.concat([salt, TAG, Buffer.from(json)]), 'buffer');
}

/** With its subject and time they fix every value of the row. Whoever checks the row composes the same. */
export function filedDetails(
  { sequence, scopeId, digest }: Pick<FiledReport, 'sequence' | 'scopeId'> & { digest: Uint8Array | null },
  commitment: Uint8Array,
) {
  return {
    sequence,
    scope: scopeId,
    digest: digest && Buffer.from(digest).toString('base64url'),
    suspicion_commitment: Buffer.from(commitment).toString('base64url'),
  };
}

/** A step as it is kept: beside it, what its audit event says too. */
export interface StoredCaseStep extends CaseStep {
  readonly sequence: number;
  readonly reportNumber: string;
  readonly findingsJson: string | null;
  readonly auditSequence: number;
}

/** With its type, actor, subject and time they fix every value of the row; the findings by their hash. */
export function stepDetails({
  sequence,
  outcome,
  note,
  findingsJson,
}: Pick<StoredCaseStep, 'sequence' | 'outcome' | 'note' | 'findingsJson'>) {
  return {
    step: sequence,
    outcome,
    note,
    findings_digest: findingsJson && hash('sha256', findingsJson, 'base64url'),
  };
}
