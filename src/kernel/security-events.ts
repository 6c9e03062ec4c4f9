import type { Subscribable } from '../lib/emitter.ts';
import type { Actor } from './actor.ts';
import { KeywardError } from './errors.ts';
import {
  type EventTypeRule,
  type EvidenceOf,
  SECURITY_EVENTS,
  type SecurityEventType,
  type Severity,
} from './security-event-types.ts';

/** The audit event that comes with each security event. */
export const SECURITY_EVENT_RAISED = 'security_event.raised';

/** What a detection found. */
export interface SecurityEventReport {
  readonly type: SecurityEventType;
  readonly severity: Severity;
  /** Within its type: what was told once under this key is not told again. */
  readonly dedupKey: string;
  /** Such as `key:<kid>` or `scope:payments`. */
  readonly subject: string;
  /** JSON. It may hold personal values, since it can be erased; never a secret, never a signature. */
  readonly evidence: Readonly<Record<string, unknown>>;
}

export interface SecurityEvent extends Omit<SecurityEventReport, 'evidence'> {
  /** Grows by one with each event. */
  readonly sequence: number;
  /** Seconds since the epoch. */
  readonly raisedAt: number;
  /** An erasure takes `claims` and `record` alone; null where the database lacks all of it. */
  readonly evidence: SecurityEventReport['evidence'] | null;
}

/** Stores security events for callers whose next step depends on it; all others have an `EventRaiser`. */
export interface SecurityEvents {
  /**
   * Settles once the event and its audit event are durable: true, or false where the same was told before.
   * `store_unavailable`, `overloaded`, `shutting_down`.
   */
  raise(report: SecurityEventReport): Promise<boolean>;
}

/** Stores security events for callers whose own work does not depend on it. */
export interface EventRaiser {
  /**
   * Never throws, and stores the event soon: once under its key, and again and again while the store refuses it. Of
   * one type and `budget` at most 60 events a minute are taken. The return type keeps a `SecurityEvents` from passing for one.
   */
  raise(report: SecurityEventReport, budget?: string): undefined;
}

/** All that is to be told of one, from its evidence, as the table of types has it. */
export function securityEvent<T extends SecurityEventType>(
  type: T,
  evidence: EvidenceOf<T>,
): SecurityEventReport {
  const { severity, oncePer, subject } = SECURITY_EVENTS[type] as unknown as EventTypeRule<never>;
  const values: Readonly<Record<string, unknown>> = evidence;
  return {
    type,
    severity: typeof severity === 'string' ? severity : severity.of(evidence as never),
    dedupKey: JSON.stringify(oncePer.map((name) => values[name])),
    subject: subject(evidence as never),
    evidence,
  };
}

/** That what was told is over. `since` tells one outage from the next. */
export function conditionOver(
  { type, subject }: Pick<SecurityEventReport, 'type' | 'subject'>,
  since: number,
): SecurityEventReport {
  return securityEvent('condition.over', { condition: type, concerns: subject, since });
}

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

interface WantedStep {
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

/** Every member given must fit. */
export interface EventQuery {
  readonly state?: EventState | undefined;
  readonly type?: SecurityEventType | undefined;
  readonly severity?: Severity | undefined;
  /** Events about the scope, or about a key of it. */
  readonly scopeId?: string | undefined;
  /** First and last second in which it was raised. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** What operators do with security events. `store_unavailable`. */
export interface EventService {
  /** The newest first; `before` is the sequence of the last one seen. */
  list(
    query: EventQuery,
    page: { readonly before?: number | undefined; readonly limit: number },
  ): Promise<readonly TrackedEvent[]>;
  /** `unknown_event`. */
  find(sequence: number): Promise<TrackedEvent>;
  /**
   * Commits with its audit event; the same once more changes nothing. `unknown_event`, `event_acknowledged`,
   * `event_resolved`.
   */
  acknowledge(sequence: number, note: string | null, actor: Actor): Promise<TrackedEvent>;
  resolve(sequence: number, note: string, actor: Actor): Promise<TrackedEvent>;
}
