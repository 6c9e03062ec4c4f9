import { type Expression, type Selectable, type SqlBool, sql } from 'kysely';
import { hasAuditRecord } from '../../db/case-log.ts';
import type { Schema, Trx } from '../../db/schema.ts';
import { isWitnessed } from '../../db/unwitnessed.ts';
import { KeywardError } from '../../kernel/errors.ts';
import {
  type CasePage,
  type CaseQuery,
  type CaseState,
  type CaseStep,
  type CaseStepKind,
  caseOwner,
  caseState,
  type FiledReport,
  REPORT_ERASURES,
  type ReportCase,
  reportSubjectOf,
  type Suspicion,
} from '../case.ts';
import { NOTHING_FOUND, type TokenFindings } from '../findings.ts';

const MOST_OF_SAME_TOKEN = 20;
type ReportRow = Selectable<Schema['reports']>;
type StepRow = Selectable<Schema['case_log']>;

/** Without what other reports say of the same token. */
export async function casesNewestFirst(
  trx: Trx,
  { state, scopeId }: CaseQuery,
  { before = Number.MAX_SAFE_INTEGER, limit }: CasePage,
): Promise<ReportCase[]> {
  let found = trx.selectFrom('reports').selectAll().where('sequence', '<', before);
  if (scopeId !== undefined) found = found.where('scope_id', '=', scopeId);
  if (state !== undefined) found = found.where(isInState(trx, state));
  return withSteps(trx, await found.orderBy('sequence', 'desc').limit(limit).execute());
}

/** `unknown_report` */
export async function requireCase(trx: Trx, number: string): Promise<ReportCase> {
  const row = await trx.selectFrom('reports').selectAll().where('number', '=', number).executeTakeFirst();
  const [found] = row ? await withSteps(trx, [row]) : [];
  if (found) return { ...found, sameToken: await ofSameToken(trx, found) };
  throw new KeywardError('unknown_report', 'there is no report of that number; list them');
}

async function ofSameToken(trx: Trx, { digest, number }: FiledReport): Promise<string[]> {
  if (digest === null) return [];
  const others = trx
    .selectFrom('reports')
    .select('number')
    .where('digest', '=', digest)
    .where('number', '<>', number);
  return (await others.orderBy('sequence').limit(MOST_OF_SAME_TOKEN).execute()).map((row) => row.number);
}

async function withSteps(trx: Trx, rows: readonly ReportRow[]): Promise<ReportCase[]> {
  const numbers = rows.map(({ number }) => number);
  const steps = await trx
    .selectFrom('case_log')
    .selectAll()
    .where('case_kind', '=', 'report')
    .where('case_id', 'in', numbers)
    .where(hasAuditRecord(trx, 'case_log'))
    .orderBy('sequence')
    .execute();
  const byReport = Map.groupBy(steps, ({ case_id }) => case_id);
  const erasures = await erasuresOf(trx, rows);
  return rows.map((row) => ({
    ...caseOf(row, byReport.get(row.number) ?? []),
    erasure: erasures.get(reportSubjectOf(row.number)) ?? null,
  }));
}

/** By the subject of the audit event: a row keeps nothing of who erased what it said. */
async function erasuresOf(trx: Trx, rows: readonly ReportRow[]) {
  const subjects = rows
    .filter(({ suspicion_json }) => suspicion_json === null)
    .map(({ number }) => reportSubjectOf(number));
  if (subjects.length === 0) return new Map<string, never>();
  const told = trx
    .selectFrom('audit_events')
    .select(['subject', 'actor', 'time'])
    .where('subject', 'in', subjects)
    .where('type', 'in', REPORT_ERASURES)
    .where((eb) => isWitnessed(trx, eb.ref('sequence')));
  return new Map(
    (await told.execute()).map(({ subject, actor, time }) => [subject, { by: actor, at: time }] as const),
  );
}

function caseOf(row: ReportRow, rows: readonly StepRow[]): Omit<ReportCase, 'erasure'> {
  const steps = rows.map(stepFromRow);
  const findings = rows.find(({ findings_json }) => findings_json !== null)?.findings_json;
  return {
    ...reportFromRow(row),
    state: caseState(steps),
    owner: caseOwner(steps),
    steps,
    findings: findings ? { ...NOTHING_FOUND, ...(JSON.parse(findings) as Partial<TokenFindings>) } : null,
    sameToken: [],
  };
}

export function reportFromRow(row: ReportRow): FiledReport {
  return {
    sequence: row.sequence,
    number: row.number,
    scopeId: row.scope_id,
    receivedAt: row.received_at,
    digest: row.digest && Buffer.from(row.digest),
    suspicion: row.suspicion_json === null ? null : (JSON.parse(row.suspicion_json) as Suspicion),
  };
}

export function stepFromRow({ step, taken_by: by, taken_at: at, outcome, note }: StepRow): CaseStep {
  return { kind: step as CaseStepKind, by, at, outcome, note };
}

/** Whether a step of one of these kinds stands for the report of that row, as far as the trail tells of it. */
export function hasCaseStep(trx: Trx, kinds: readonly CaseStepKind[], until?: number): Expression<SqlBool> {
  const steps = trx
    .selectFrom('case_log as standing')
    .select('standing.sequence')
    .where('standing.case_kind', '=', 'report')
    .where('standing.case_id', '=', sql.ref<string>('reports.number'))
    .where('standing.step', 'in', kinds)
    .where(hasAuditRecord(trx, 'standing'));
  const found = until === undefined ? steps : steps.where('standing.taken_at', '<=', until);
  return sql<SqlBool>`exists ${found}`;
}

/** Whether its steps have left the report of that row in this state; the column of that name is for `audit verify`. */
export function isInState(trx: Trx, state: CaseState): Expression<SqlBool> {
  const isClosed = hasCaseStep(trx, ['closed']);
  if (state === 'closed') return isClosed;
  const isTaken = hasCaseStep(trx, ['taken']);
  return state === 'open'
    ? sql<SqlBool>`not (${isTaken} or ${isClosed})`
    : sql<SqlBool>`(${isTaken} and not ${isClosed})`;
}
