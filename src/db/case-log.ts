import { hash } from 'node:crypto';
import type { Actor } from '../kernel/actor.ts';
import { auditEventsAt, type EventRow } from './event-source.ts';
import type { TestifiedRow, Trx } from './schema.ts';
import { appendTestified } from './testified.ts';
import type { TestifiedTable } from './testified-table.ts';
import { witnessed } from './unwitnessed.ts';

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

/** What an audit event says of a step. */
type ToldColumns = Pick<Row, 'case_kind' | 'case_id' | 'step' | 'taken_by' | 'taken_at' | 'audit_sequence'>;

/** Without rows whose numbers cannot be read: no audit event tells of these. */
export function loggedSteps(trx: Trx) {
  return trx
    .selectFrom('case_log')
    .where('taken_at', '>=', 0)
    .where('taken_at', '<=', Number.MAX_SAFE_INTEGER)
    .where('audit_sequence', '>', 0)
    .where('audit_sequence', '<', Number.MAX_SAFE_INTEGER);
}

/** Of steps those that a witnessed audit event tells of, since a row alone counts for nothing. */
export async function toldSteps<Step extends ToldColumns>(trx: Trx, steps: readonly Step[]): Promise<Step[]> {
  const places = steps.map(({ audit_sequence }) => audit_sequence);
  const events = new Map((await auditEventsAt(trx, places)).map((event) => [event.sequence, event]));
  const tellsOf = (step: Step) => {
    const event = events.get(step.audit_sequence);
    return event && isToldBy(step, event) ? event : undefined;
  };
  const telling = await witnessed(trx, [...new Set(steps.flatMap((step) => tellsOf(step) ?? []))]);
  const counting = new Set(telling);
  return steps.filter((step) => {
    const event = tellsOf(step);
    return event !== undefined && counting.has(event);
  });
}

/** When that step was taken on each of these cases, as far as a witnessed audit event tells of it; by the case's id. */
export async function timesOfStep(
  trx: Trx,
  kind: Row['case_kind'],
  ids: readonly string[],
  step: Row['step'],
): Promise<ReadonlyMap<string, number>> {
  if (ids.length === 0) return new Map();
  const logged = await loggedSteps(trx)
    .select(['case_kind', 'case_id', 'step', 'taken_by', 'taken_at', 'audit_sequence'])
    .where('case_kind', '=', kind)
    .where('case_id', 'in', ids)
    .where('step', '=', step)
    .orderBy('sequence', 'desc')
    .execute();
  // A step that was taken twice counts from the first time on.
  return new Map((await toldSteps(trx, logged)).map(({ case_id, taken_at }) => [case_id, taken_at]));
}

function isToldBy(step: ToldColumns, { type, subject, actor, time }: EventRow): boolean {
  return (
    type === `${step.case_kind}.${step.step}` &&
    subject === `${step.case_kind}:${step.case_id}` &&
    actor === step.taken_by &&
    time === step.taken_at
  );
}
