import { type Expression, type Selectable, type SqlBool, sql } from 'kysely';
import { loggedSteps, timesOfStep } from '../../db/case-log.ts';
import { inSteps } from '../../db/fill-page.ts';
import type { Schema, Trx } from '../../db/schema.ts';
import type { CaseState, CaseStepKind, UnclosedCounts } from '../case.ts';

export type ReportRow = Selectable<Schema['reports']>;
type Listed = Pick<ReportRow, 'number'>;

const numberOf = ({ number }: Listed) => number;

/** Of reports those with a step of that kind, taken until then, as far as the trail tells of it. */
export async function withStep<Report extends Listed>(
  trx: Trx,
  reports: readonly Report[],
  kind: CaseStepKind,
  until = Number.MAX_SAFE_INTEGER,
): Promise<Report[]> {
  const taken = await timesOfStep(trx, 'report', reports.map(numberOf), kind);
  return reports.filter(({ number }) => (taken.get(number) ?? Number.POSITIVE_INFINITY) <= until);
}

/** Of reports those without one. */
export async function withoutStep<Report extends Listed>(
  trx: Trx,
  reports: readonly Report[],
  kind: CaseStepKind,
): Promise<Report[]> {
  const taken = await timesOfStep(trx, 'report', reports.map(numberOf), kind);
  return reports.filter(({ number }) => !taken.has(number));
}

/** Of reports those whose steps have left them in that state; the column of that name is for `audit verify`. */
export async function inState<Report extends Listed>(
  trx: Trx,
  reports: readonly Report[],
  state: CaseState,
): Promise<Report[]> {
  if (state === 'closed') return await withStep(trx, reports, 'closed');
  const unclosed = await withoutStep(trx, reports, 'closed');
  return await (state === 'open' ? withoutStep : withStep)(trx, unclosed, 'taken');
}

/** A report without a row of such a step is in no such state; where there is one, it is yet to be judged. */
export function mayBeIn(state: CaseState): Expression<SqlBool> {
  if (state === 'open') return sql<SqlBool>`1 = 1`;
  const step = { closed: 'closed', investigating: 'taken' }[state];
  return sql<SqlBool>`exists (select 1 from case_log
    where case_kind = 'report' and case_id = reports.number and step = ${step})`;
}

export async function countUnclosed(trx: Trx): Promise<UnclosedCounts> {
  const counts = { open: 0, investigating: 0 };
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
    const unclosed = await withoutStep(trx, reports, 'closed');
    const { length: investigating } = await withStep(trx, unclosed, 'taken');
    counts.investigating += investigating;
    counts.open += unclosed.length - investigating;
  }
  return counts;
}

export async function lastChange(trx: Trx): Promise<number> {
  const reports = trx.selectFrom('reports').select('audit_sequence').orderBy('sequence', 'desc');
  const filed = await reports.limit(1).executeTakeFirst();
  const steps = loggedSteps(trx).select('audit_sequence').where('case_kind', '=', 'report');
  const step = await steps.orderBy('audit_sequence', 'desc').limit(1).executeTakeFirst();
  return Math.max(filed?.audit_sequence ?? 0, step?.audit_sequence ?? 0);
}
