import type { Actor } from '../kernel/actor.ts';
import type { EventState, TrackedEvent } from './event-steps.ts';
import type { SecurityEventType, Severity } from '../kernel/security-event-types.ts';

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
