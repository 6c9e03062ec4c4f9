import type { Selectable } from 'kysely';
import { loggedSteps, toldSteps } from '../../db/case-log.ts';
import { auditEvents } from '../../db/event-source.ts';
import { fillPage } from '../../db/fill-page.ts';
import type { Schema, Trx } from '../../db/schema.ts';
import { witnessed } from '../../db/unwitnessed.ts';
import { KeywardError } from '../../kernel/errors.ts';
import {
  type CasePage,
  type CaseQuery,
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
import { inState, mayBeIn, type ReportRow } from './states.ts';

const MOST_OF_SAME_TOKEN = 20;
type StepRow = Selectable<Schema['case_log']>;

/** Without what other reports say of the same token. */
export async function casesNewestFirst(
  trx: Trx,
  { state, scopeId }: CaseQuery,
  { before = Number.MAX_SAFE_INTEGER, limit }: CasePage,
): Promise<ReportCase[]> {
  let reports = trx.selectFrom('reports').selectAll();
  if (scopeId !== undefined) reports = reports.where('scope_id', '=', scopeId);
  if (state !== undefined) reports = reports.where(mayBeIn(state));
  const rows = await fillPage<ReportRow, ReportRow>(
    limit,
    (last, most) =>
      reports
        .where('sequence', '<', last?.sequence ?? before)
        .orderBy('sequence', 'desc')
        .limit(most)
        .execute(),
    (read) => (state === undefined ? Promise.resolve(read) : inState(trx, read, state)),
  );
  return withSteps(trx, rows);
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
  if (rows.length === 0) return [];
  const logged = loggedSteps(trx).selectAll().where('case_kind', '=', 'report');
  const steps = await logged.where('case_id', 'in', numbers).orderBy('sequence').execute();
  const byReport = Map.groupBy(await toldSteps(trx, steps), ({ case_id }) => case_id);
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
  const events = auditEvents(trx).where('subject', 'in', subjects).where('type', 'in', REPORT_ERASURES);
  const told = await witnessed(trx, await events.orderBy('sequence').execute());
  return new Map(told.map(({ subject, actor, time }) => [subject, { by: actor, at: time }] as const));
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
