import { type Expression, type Selectable, type SqlBool, sql } from 'kysely';
import { loggedSteps, toldSteps } from '../../db/case-log.ts';
import { inSteps } from '../../db/fill-page.ts';
import type { Schema, Trx } from '../../db/schema.ts';
import { type CaseState, type CaseStepKind, caseState, type UnclosedCounts } from '../case.ts';

export type ReportRow = Selectable<Schema['reports']>;
type Listed = Pick<ReportRow, 'number'>;

/** Of reports those with a step of that kind, taken until then, as far as the trail tells of it. */
export async function withStep<Report extends Listed>(
  trx: Trx,
  reports: readonly Report[],
  kind: CaseStepKind,
  until = Number.MAX_SAFE_INTEGER,
): Promise<Report[]> {
  const steps = await briefSteps(trx, reports, [kind]);
  const numbers = new Set(steps.filter(({ at }) => at <= until).map(({ number }) => number));
  return reports.filter(({ number }) => numbers.has(number));
}

/** Of reports those whose steps have left them in one of these states. */
export async function inState<Report extends Listed>(
  trx: Trx,
  reports: readonly Report[],
  states: readonly CaseState[],
): Promise<Report[]> {
  const stateOf = await statesOf(trx, reports);
  return reports.filter((report) => states.includes(stateOf(report)));
}

/** As their steps have it; the column of that name is for `audit verify`. */
async function statesOf(trx: Trx, reports: readonly Listed[]): Promise<(report: Listed) => CaseState> {
  const steps = await briefSteps(trx, reports, ['taken', 'closed']);
  const byReport = Map.groupBy(steps, ({ number }) => number);
  return ({ number }) => caseState(byReport.get(number) ?? []);
}

/** Without what findings and notes say. */
async function briefSteps(trx: Trx, reports: readonly Listed[], kinds: readonly CaseStepKind[]) {
  if (reports.length === 0) return [];
  const logged = loggedSteps(trx)
    .select(['case_kind', 'case_id', 'step', 'taken_by', 'taken_at', 'audit_sequence'])
    .where('case_kind', '=', 'report')
    .where('step', 'in', kinds);
  const numbers = reports.map(({ number }) => number);
  const steps = await logged.where('case_id', 'in', numbers).orderBy('sequence').execute();
  return (await toldSteps(trx, steps)).map(({ case_id, step, taken_at }) => ({
    number: case_id,
    kind: step as CaseStepKind,
    at: taken_at,
  }));
}

/** A report without a row of such a step is in no such state; where there is one, it is yet to be judged. */
export function mayBeIn(state: CaseState): Expression<SqlBool> {
  if (state === 'open') return sql<SqlBool>`1 = 1`;
  const step = { closed: 'closed', investigating: 'taken' }[state];
  return sql<SqlBool>`exists (select 1 from case_log
    where case_kind = 'report' and case_id = reports.number and step = ${step})`;
}

export async function countUnclosed(trx: Trx): Promise<UnclosedCounts> {
  const counts = { open: 0, investigating: 0, closed: 0 };
  const all = inSteps<Pick<ReportRow, 'sequence' | 'number'>>((last, most) =>
    trx
      .selectFrom('reports')
      .select(['sequence', 'number'])
      .where('sequence', '>', last?.sequence ?? 0)
      .orderBy('sequence')
      .limit(most)
      .execute(),
  );
  for await (const reports of all) {
    const stateOf = await statesOf(trx, reports);
    for (const report of reports) counts[stateOf(report)] += 1;
  }
  return { open: counts.open, investigating: counts.investigating };
}
