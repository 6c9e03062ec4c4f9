import type { Selectable, Transaction } from 'kysely';
import { KeywardError } from '../domain/errors.ts';
import {
  type CaseStep,
  caseOwner,
  caseState,
  type FiledReport,
  type ReportCase,
  type Suspicion,
} from './case.ts';
import { NOTHING_FOUND, type TokenFindings } from './findings.ts';
import type { CaseQuery } from './report-desk.ts';
import { ERASURES_OF_ONE, reportSubjectOf } from './audited.ts';
import type { Schema } from '../db/schema.ts';
import { isInState, isTestifiedCaseStep } from '../db/testified-steps.ts';
import { isWitnessed } from '../db/unwitnessed.ts';

type Trx = Transaction<Schema>;

const MOST_OF_SAME_TOKEN = 20;
type ReportRow = Selectable<Schema['reports']>;
type StepRow = Selectable<Schema['report_steps']>;

/** Without what other reports say of the same token. */
export async function casesNewestFirst(
  trx: Trx,
  { state, scopeId }: CaseQuery,
  { before = Number.MAX_SAFE_INTEGER, limit }: { before?: number | undefined; limit: number },
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
    .selectFrom('report_steps')
    .selectAll()
    .where('report_number', 'in', numbers)
    .where(isTestifiedCaseStep(trx, 'report_steps'))
    .orderBy('sequence')
    .execute();
  const byReport = Map.groupBy(steps, ({ report_number }) => report_number);
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
    .where('type', 'in', ERASURES_OF_ONE)
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

function stepFromRow({ kind, taken_by: by, taken_at: at, outcome, note }: StepRow): CaseStep {
  return { kind, by, at, outcome, note };
}
