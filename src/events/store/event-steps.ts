import { appendStep, loggedSteps, toldSteps } from '../../db/case-log.ts';
import type { Trx } from '../../db/schema.ts';
import type { Actor } from '../../kernel/actor.ts';
import { KeywardError } from '../../kernel/errors.ts';
import {
  type EventChange,
  isTaken,
  type StepState,
  stateOf,
  type TrackedEvent,
} from '../../kernel/security-events.ts';
import { trackedEvent } from './tracked-events.ts';

export interface RequestedStep {
  readonly eventSequence: number;
  readonly state: StepState;
  readonly note: string | null;
  readonly actor: Actor;
  readonly at: number;
}

interface Stepped {
  readonly event: TrackedEvent;
  /** Null where the same step had been taken before. */
  readonly change: EventChange | null;
}

/** Writes the step and its audit event. `unknown_event`, `event_acknowledged`, `event_resolved`. */
export async function appendEventStep(trx: Trx, asked: RequestedStep): Promise<Stepped> {
  const { eventSequence, state, note, actor, at } = asked;
  const before = await requireEvent(trx, eventSequence);
  const by = actor.operatorId;
  if (isTaken(before, { state, by, note })) return { event: before, change: null };
  const of = { case_kind: 'security_event', case_id: String(eventSequence), step: state } as const;
  await dropUntold(trx, of);
  const { audit_sequence: place } = await appendStep(trx, { ...of, taken_at: at, note }, actor);
  const steps = { acknowledged: before.acknowledged, resolved: before.resolved, [state]: { by, at, note } };
  const event = { ...before, ...steps, state: stateOf(steps) };
  return { event, change: { place, event, was: before.state } };
}

export async function requireEvent(trx: Trx, sequence: number): Promise<TrackedEvent> {
  const event = await trackedEvent(trx, sequence);
  if (event) return event;
  throw new KeywardError(
    'unknown_event',
    'there is no security event of that number; see: keyward event list',
  );
}

/** What nobody witnessed must not stand in the way of what somebody does. */
async function dropUntold(
  trx: Trx,
  { case_id, step }: { readonly case_id: string; readonly step: StepState },
): Promise<void> {
  const logged = loggedSteps(trx).selectAll().where('case_kind', '=', 'security_event');
  const found = await logged.where('case_id', '=', case_id).where('step', '=', step).execute();
  if ((await toldSteps(trx, found)).length > 0) return;
  await trx
    .deleteFrom('case_log')
    .where('case_kind', '=', 'security_event')
    .where('case_id', '=', case_id)
    .where('step', '=', step)
    .execute();
}
