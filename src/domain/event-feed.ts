import type { Subscribable } from '../lib/emitter.ts';
import type { EventState, TrackedEvent } from './event-steps.ts';

/** That a security event was raised, acknowledged or resolved. */
export interface EventChange {
  /** Sequence of the audit event that testifies to the change: it grows from one to the next. */
  readonly place: number;
  readonly event: TrackedEvent;
  /** Null where it was raised just now. */
  readonly was: EventState | null;
}

/** What becomes of security events, told once it is durable, in order. */
export interface SecurityEventFeed extends Subscribable<EventChange> {
  /** What came after that place, the oldest first, each event as it stands now. `store_unavailable`. */
  changesAfter(place: number, limit: number): Promise<readonly PastChange[]>;
  /** The place of the last change; 0 before the first. `store_unavailable`. */
  lastPlace(): Promise<number>;
}

export interface PastChange extends Omit<EventChange, 'was'> {
  /** Into which state the change brought it. */
  readonly became: EventState;
}
