import { sql } from 'kysely';
import { appendAuditEvent, nextSequence } from '../../db/append-audit-event.ts';
import type { Trx } from '../../db/schema.ts';
import type { Actor } from '../../kernel/actor.ts';
import { actOf } from '../../kernel/audit.ts';
import { KeywardError } from '../../kernel/errors.ts';
import { STEP_TESTIMONIES, stepDetails, stepSubject } from '../../kernel/event-chain.ts';
import {
  type EventChange,
  isTaken,
  type StepState,
  stateOf,
  type TrackedEvent,
} from '../../kernel/security-events.ts';
import { hasStepAuditRecord, trackedEvent } from './tracked-events.ts';

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
export async function appendStep(trx: Trx, asked: RequestedStep): Promise<Stepped> {
  const { eventSequence, state, note, actor, at } = asked;
  const before = await requireEvent(trx, eventSequence);
  const by = actor.operatorId;
  if (isTaken(before, { state, by, note })) return { event: before, change: null };
  const place = await write(trx, asked);
  const steps = { acknowledged: before.acknowledged, resolved: before.resolved, [state]: { by, at, note } };
  const event = { ...before, ...steps, state: stateOf(steps) };
  return { event, change: { place, event, was: before.state } };
}

export async function requireEvent(trx: Trx, sequence: number): Promise<TrackedEvent> {
  const event = await trackedEvent(trx, sequence);
  if (event) return event;
  throw new KeywardError('unknown_event', 'there is no security event of that sequence; list them');
}

async function write(trx: Trx, { eventSequence, state, note, actor, at }: RequestedStep): Promise<number> {
  const sequence = await nextSequence(trx, 'security_event_steps');
  const subject = stepSubject({ eventSequence });
  const audited = actOf(actor, STEP_TESTIMONIES[state], subject, stepDetails({ sequence, note }));
  const { sequence: place } = await appendAuditEvent(trx, audited, at);
  await dropUntold(trx, eventSequence, state);
  await trx
    .insertInto('security_event_steps')
    .values({
      sequence,
      event_sequence: eventSequence,
      state,
      taken_by: actor.operatorId,
      taken_at: at,
      note,
      audit_sequence: place,
    })
    .execute();
  return place;
}

/** What nobody witnessed must not stand in the way of what somebody does. */
async function dropUntold(trx: Trx, eventSequence: number, state: StepState): Promise<void> {
  await trx
    .deleteFrom('security_event_steps')
    .where('event_sequence', '=', eventSequence)
    .where('state', '=', state)
    .where(sql<boolean>`not ${hasStepAuditRecord(trx, 'security_event_steps')}`)
    .execute();
}
