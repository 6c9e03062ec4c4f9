import type { Transaction } from 'kysely';
import type { Actor } from '../domain/access.ts';
import { type CaseStep, type CaseStepKind, caseStanding, requireStep } from './case.ts';
import type { CaseChange } from './report-desk.ts';
import { reportSubjectOf, STEP_EVENTS, stepDetails } from './audited.ts';
import { appendAuditEvent } from '../db/append-audit-event.ts';
import { actOf } from '../db/audited-change.ts';
import { requireCase } from './rows.ts';
import type { Schema } from '../db/schema.ts';

type Trx = Transaction<Schema>;

export interface AskedCaseStep extends Partial<Pick<CaseStep, 'outcome' | 'note'>> {
  readonly number: string;
  readonly kind: CaseStepKind;
  readonly findingsJson?: string | null;
  readonly actor: Actor;
  readonly at: number;
}

/** Writes the step and its audit event; null where it would change nothing. `unknown_report`, `report_closed`. */
export async function takeCaseStep(trx: Trx, asked: AskedCaseStep): Promise<CaseChange | null> {
  const before = await requireCase(trx, asked.number);
  requireStep(before.state, asked.kind);
  const isTaken = asked.kind === 'taken' && before.owner === asked.actor.operatorId;
  const isExamined = asked.kind === 'examined' && before.steps.some(({ kind }) => kind === 'examined');
  if (isTaken || isExamined) return null;
  const steps = [...before.steps, await write(trx, asked)];
  const { state, examined, closedAt: closed_at } = caseStanding(steps);
  await trx
    .updateTable('reports')
    .set({ state, examined: examined ? 1 : 0, closed_at })
    .where('number', '=', asked.number)
    .execute();
  return { was: before.state, state };
}

async function write(trx: Trx, asked: AskedCaseStep): Promise<CaseStep> {
  const { number, kind, actor, at, outcome = null, note = null, findingsJson = null } = asked;
  const sequence = (await lastStep(trx)) + 1;
  const details = stepDetails({ sequence, outcome, note, findingsJson });
  const audited = actOf(actor, STEP_EVENTS[kind], reportSubjectOf(number), details);
  const { sequence: place } = await appendAuditEvent(trx, audited, at);
  await trx
    .insertInto('report_steps')
    .values({
      sequence,
      report_number: number,
      kind,
      taken_by: actor.operatorId,
      taken_at: at,
      outcome,
      note,
      findings_json: findingsJson,
      audit_sequence: place,
    })
    .execute();
  return { kind, by: actor.operatorId, at, outcome, note };
}

async function lastStep(trx: Trx): Promise<number> {
  const query = trx.selectFrom('report_steps').select((eb) => eb.fn.max('sequence').as('last'));
  return (await query.executeTakeFirst())?.last ?? 0;
}
