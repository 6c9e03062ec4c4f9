import { type Expression, type SqlBool, sql, type Transaction } from 'kysely';
import type { CaseState, CaseStepKind } from '../reports/case.ts';
import { STEP_EVENTS } from '../reports/audited.ts';
import { STEP_TESTIMONIES } from '../domain/security-event-chain.ts';
import type { Schema } from './schema.ts';
import { isWitnessed } from './unwitnessed.ts';

type Trx = Transaction<Schema>;

/** Whether a witnessed audit event tells of a step of a security event; `step` names its table in the query. */
export function isTestifiedStep(trx: Trx, step: string): Expression<SqlBool> {
  const subject = sql<string>`'security_event:' || ${sql.ref(`${step}.event_sequence`)}`;
  return isTestified(trx, step, typeOf(STEP_TESTIMONIES, sql.ref(`${step}.state`)), subject);
}

/** The same for a step of a report. */
export function isTestifiedCaseStep(trx: Trx, step: string): Expression<SqlBool> {
  const subject = sql<string>`'report:' || ${sql.ref(`${step}.report_number`)}`;
  return isTestified(trx, step, typeOf(STEP_EVENTS, sql.ref(`${step}.kind`)), subject);
}

/** Whether a step of one of these kinds stands for the report of that row, as far as the trail tells of it. */
export function hasCaseStep(trx: Trx, kinds: readonly CaseStepKind[]): Expression<SqlBool> {
  const steps = trx
    .selectFrom('report_steps as standing')
    .select('standing.sequence')
    .where('standing.report_number', '=', sql.ref<string>('reports.number'))
    .where('standing.kind', 'in', kinds)
    .where(isTestifiedCaseStep(trx, 'standing'));
  return sql<SqlBool>`exists ${steps}`;
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

/** A row alone counts for nothing: its audit event names what it concerns, who took the step, and when. */
function isTestified(
  trx: Trx,
  step: string,
  type: Expression<string>,
  subject: Expression<string>,
): Expression<SqlBool> {
  const told = trx
    .selectFrom('audit_events as told')
    .select('told.sequence')
    .where('told.sequence', '=', sql.ref<number>(`${step}.audit_sequence`))
    .where('told.type', '=', type)
    .where('told.subject', '=', subject)
    .where('told.actor', '=', sql.ref<string>(`${step}.taken_by`))
    .where('told.time', '=', sql.ref<number>(`${step}.taken_at`))
    .where((eb) => isWitnessed(trx, eb.ref('told.sequence')));
  return sql<SqlBool>`exists ${told}`;
}

function typeOf(types: Readonly<Record<string, string>>, name: Expression<unknown>): Expression<string> {
  const cases = Object.entries(types).map(([each, type]) => sql`when ${each} then ${type}`);
  return sql<string>`case ${name} ${sql.join(cases, sql` `)} end`;
}
