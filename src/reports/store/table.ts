import type { TestifiedRow } from '../../db/schema.ts';
import { compileQuery } from '../../db/sqlite/dialect.ts';
import type { StoredTrail } from '../../db/stored-trail.ts';
import type { TestifiedTable } from '../../db/testified-table.ts';
import { KEYWARD } from '../../kernel/actor.ts';
import {
  caseStatus,
  filedDetails,
  REPORT_ERASURES,
  REPORT_FILED,
  reportSubjectOf,
  suspicionCommitment,
} from '../case.ts';
import { stepFromRow } from './rows.ts';

const STEPS_OF = compileQuery((db) =>
  db
    .selectFrom('case_log')
    .selectAll()
    .where('case_kind', '=', 'report')
    .where('case_id', '=', '')
    .orderBy('sequence'),
);

export const reportTable: TestifiedTable<'reports'> = {
  table: 'reports',
  types: { [REPORT_FILED]: { part: 'reports', tells: 'the report that it testifies to' } },
  name: ({ number }) => `report ${number}`,
  auditRecord: ({ sequence, number, scope_id: scopeId, digest, received_at, suspicion_commitment }) => ({
    type: REPORT_FILED,
    subject: reportSubjectOf(number),
    actor: KEYWARD.operatorId,
    time: received_at,
    details: filedDetails({ sequence, scopeId, digest }, suspicion_commitment),
  }),
  flaw({ suspicion_json: json, suspicion_salt: salt, suspicion_commitment }) {
    if (json === null && salt === null) return undefined;
    const isKept = json !== null && salt && suspicionCommitment(salt, json).equals(suspicion_commitment);
    return isKept ? undefined : 'it does not say what it said when it was received';
  },
  flawBeside(row, trail) {
    const steps = stepsOf(row, trail).map(stepFromRow);
    const { state, examined, closedAt } = caseStatus(steps);
    const agrees = row.state === state && row.examined === Number(examined) && row.closed_at === closedAt;
    return agrees ? undefined : 'it stands otherwise than its steps say';
  },
  erasures: {
    part: 'reports',
    types: REPORT_ERASURES,
    member: 'reports',
    what: 'what was written in reports',
    isErased: ({ suspicion_json }) => suspicion_json === null,
  },
};

function stepsOf({ number }: TestifiedRow<'reports'>, trail: StoredTrail): TestifiedRow<'case_log'>[] {
  return trail.all(STEPS_OF, 'report', number);
}
