import { hash } from 'node:crypto';
import { type Expression, type SqlBool, sql } from 'kysely';
import type { Actor } from '../kernel/actor.ts';
import type { TestifiedRow, Trx } from './schema.ts';
import { appendTestified } from './testified.ts';
import type { TestifiedTable } from './testified-table.ts';
import { isWitnessed } from './unwitnessed.ts';

type Row = TestifiedRow<'case_log'>;

const OF_EVENTS = { part: 'security_events', tells: 'what it says was done about a security event' } as const;
const OF_REPORTS = { part: 'reports', tells: 'what it says became of a report' } as const;

/**
 * What people and the service did about security events and reports: kind and id of the case are the subject of the
 * audit event, kind and step its type.
 */
export const caseLog: TestifiedTable<'case_log'> = {
  table: 'case_log',
  types: {
    'security_event.acknowledged': OF_EVENTS,
    'security_event.resolved': OF_EVENTS,
    'report.examined': OF_REPORTS,
    'report.taken': OF_REPORTS,
    'report.noted': OF_REPORTS,
    'report.closed': OF_REPORTS,
  },
  name: ({ sequence }) => `step ${sequence}`,
  auditRecord(row) {
    const { sequence: step, outcome, note, findings_json: findings } = row;
    const findings_digest = findings && hash('sha256', findings, 'base64url');
    // A step on an event has neither: where somebody wrote one, the row is told otherwise.
    const isOfReport = row.case_kind === 'report' || outcome !== null || findings !== null;
    return {
      type: `${row.case_kind}.${row.step}`,
      subject: `${row.case_kind}:${row.case_id}`,
      actor: row.taken_by,
      time: row.taken_at,
      details: isOfReport ? { step, outcome, note, findings_digest } : { step, note },
    };
  },
};

/** Takes whoever took the step from `actor`. */
export async function appendStep(
  trx: Trx,
  step: Pick<Row, 'case_kind' | 'case_id' | 'step' | 'taken_at'> &
    Partial<Pick<Row, 'outcome' | 'note' | 'findings_json'>>,
  actor: Actor,
): Promise<Row> {
  const values = { outcome: null, note: null, findings_json: null, ...step, taken_by: actor.operatorId };
  return await appendTestified(trx, caseLog, values, actor);
}

/**
 * Whether a witnessed audit event tells of a step, since a row alone counts for nothing; `alias` names the step in the
 * query.
 */
export function hasAuditRecord(trx: Trx, alias: string): Expression<SqlBool> {
  const column = (name: keyof Row) => sql.ref<string>(`${alias}.${name}`);
  const told = trx
    .selectFrom('audit_events as told')
    .select('told.sequence')
    .where('told.sequence', '=', sql.ref<number>(`${alias}.audit_sequence`))
    .where('told.type', '=', sql<string>`${column('case_kind')} || '.' || ${column('step')}`)
    .where('told.subject', '=', sql<string>`${column('case_kind')} || ':' || ${column('case_id')}`)
    .where('told.actor', '=', column('taken_by'))
    .where('told.time', '=', sql.ref<number>(`${alias}.taken_at`))
    .where((eb) => isWitnessed(trx, eb.ref('told.sequence')));
  return sql<SqlBool>`exists ${told}`;
}
