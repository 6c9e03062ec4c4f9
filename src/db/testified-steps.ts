import { type Expression, type SqlBool, sql, type Transaction } from 'kysely';
import { STEP_TESTIMONIES } from '../domain/security-event-chain.ts';
import type { Schema } from './schema.ts';
import { isWitnessed } from './unwitnessed.ts';

type Trx = Transaction<Schema>;

/** Whether a witnessed audit event tells of a step of a security event; `step` names its table in the query. */
export function isTestifiedStep(trx: Trx, step: string): Expression<SqlBool> {
  const subject = sql<string>`'security_event:' || ${sql.ref(`${step}.event_sequence`)}`;
  return isTestified(trx, step, eventTypeOf(STEP_TESTIMONIES, sql.ref(`${step}.state`)), subject);
}

/** A row alone counts for nothing: its audit event names what it concerns, who took the step, and when. */
export function isTestified(
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

/** The audit type that goes with the value of a column. */
export function eventTypeOf(
  types: Readonly<Record<string, string>>,
  name: Expression<unknown>,
): Expression<string> {
  const cases = Object.entries(types).map(([each, type]) => sql`when ${each} then ${type}`);
  return sql<string>`case ${name} ${sql.join(cases, sql` `)} end`;
}
