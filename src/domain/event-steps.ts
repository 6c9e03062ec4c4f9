import { KeywardError } from '../kernel/errors.ts';
import type { Severity } from '../kernel/security-event-types.ts';
import type { SecurityEvent } from '../kernel/security-events.ts';

/** How far people got with a security event. It never goes back. */
export const EVENT_STATES = ['open', 'acknowledged', 'resolved'] as const;
export type EventState = (typeof EVENT_STATES)[number];
export type StepState = Exclude<EventState, 'open'>;

/** That an operator has taken an event up, or is done with it. */
export interface EventStep {
  readonly by: string;
  /** Seconds since the epoch. */
  readonly at: number;
  readonly note: string | null;
}

/** A resolved event need not have been acknowledged before. */
export interface TrackedEvent extends SecurityEvent {
  readonly state: EventState;
  readonly acknowledged: EventStep | null;
  readonly resolved: EventStep | null;
}

export const UNRESOLVED_STATES = ['open', 'acknowledged'] as const satisfies readonly EventState[];
export type UnresolvedCounts = Readonly<
  Record<(typeof UNRESOLVED_STATES)[number], Readonly<Record<Severity, number>>>
>;

export interface WantedStep {
  readonly state: StepState;
  readonly by: string;
  readonly note: string | null;
}

export function stateOf({ acknowledged, resolved }: Pick<TrackedEvent, StepState>): EventState {
  if (resolved) return 'resolved';
  return acknowledged ? 'acknowledged' : 'open';
}

/**
 * Whether the same person has taken just this step before, so that there is nothing to write. `event_resolved` and
 * `event_acknowledged` where the step is no longer open to them: their note would be lost.
 */
export function isTaken(event: TrackedEvent, { state, by, note }: WantedStep): boolean {
  const taken = event[state];
  if (taken?.by === by && (note === null || note === taken.note)) return true;
  if (event.resolved) {
    throw new KeywardError(
      'event_resolved',
      `${event.resolved.by} has resolved it; nothing is added to that`,
    );
  }
  if (!taken) return false;
  throw new KeywardError('event_acknowledged', `${taken.by} has acknowledged it; resolve it when it is done`);
}
