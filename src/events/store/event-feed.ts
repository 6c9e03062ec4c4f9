import { loggedSteps, toldSteps } from '../../db/case-log.ts';
import { fillPage } from '../../db/fill-page.ts';
import type { TestifiedRow, Trx } from '../../db/schema.ts';
import type { EventState, PastChange } from '../../kernel/security-events.ts';
import { tracked } from './tracked-events.ts';

interface Change {
  readonly place: number;
  readonly became: EventState;
  readonly eventSequence: number;
}

/** What was raised and done behind that place, as far as it is witnessed, in order. */
export async function changesAfter(trx: Trx, place: number, limit: number): Promise<PastChange[]> {
  const changes = [...(await raisedAfter(trx, place, limit)), ...(await stepsAfter(trx, place, limit))]
    .toSorted((a, b) => a.place - b.place)
    .slice(0, limit);
  if (changes.length === 0) return [];
  const sequences = [...new Set(changes.map(({ eventSequence }) => eventSequence))];
  const rows = trx.selectFrom('security_events').selectAll().where('sequence', 'in', sequences);
  const events = new Map((await tracked(trx, await rows.execute())).map((event) => [event.sequence, event]));
  return changes.flatMap(({ place, became, eventSequence }) => {
    const event = events.get(eventSequence);
    return event ? [{ place, became, event }] : [];
  });
}

async function raisedAfter(trx: Trx, place: number, limit: number): Promise<Change[]> {
  const rows = await trx
    .selectFrom('security_events')
    .select(['audit_sequence', 'sequence'])
    .where('audit_sequence', '>', place)
    .orderBy('audit_sequence')
    .limit(limit)
    .execute();
  return rows.map(({ audit_sequence, sequence }) => ({
    place: audit_sequence,
    became: 'open',
    eventSequence: sequence,
  }));
}

async function stepsAfter(trx: Trx, place: number, limit: number): Promise<Change[]> {
  const steps = await fillPage<TestifiedRow<'case_log'>, TestifiedRow<'case_log'>>(
    limit,
    (last, most) =>
      loggedSteps(trx)
        .selectAll()
        .where('case_kind', '=', 'security_event')
        .where('audit_sequence', '>', last?.audit_sequence ?? place)
        .orderBy('audit_sequence')
        .limit(most)
        .execute(),
    (rows) => toldSteps(trx, rows),
  );
  return steps.map(({ audit_sequence, step, case_id }) => ({
    place: audit_sequence,
    became: step as EventState,
    eventSequence: Number(case_id),
  }));
}

/** 0 where nothing was ever raised. */
export async function lastPlace(trx: Trx): Promise<number> {
  const raised = trx.selectFrom('security_events').select('audit_sequence');
  const stepped = loggedSteps(trx).select('audit_sequence').where('case_kind', '=', 'security_event');
  const last = [
    await raised.orderBy('audit_sequence', 'desc').limit(1).executeTakeFirst(),
    await stepped.orderBy('audit_sequence', 'desc').limit(1).executeTakeFirst(),
  ];
  return Math.max(0, ...last.map((row) => row?.audit_sequence ?? 0));
}
