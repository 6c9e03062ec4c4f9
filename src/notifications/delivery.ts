import type { Actor } from '../kernel/actor.ts';
import type { Severity } from '../kernel/security-event-types.ts';

/** `dead`: given up after its last attempt, and kept until an operator has it sent again. */
export const DELIVERY_STATES = ['pending', 'delivered', 'dead'] as const;
type DeliveryState = (typeof DELIVERY_STATES)[number];

/** `summary`: what came too thick to be told one by one. */
export const DELIVERY_KINDS = ['event', 'escalation', 'summary'] as const;
type DeliveryKind = (typeof DELIVERY_KINDS)[number];

/** A message that a target is to get. */
export interface PlannedDelivery {
  readonly kind: Exclude<DeliveryKind, 'summary'>;
  readonly eventSequence: number;
  /** Of the event. */
  readonly type: string;
  readonly severity: Severity;
  readonly route: string;
  readonly target: string;
  /** The scope whose contacts get it by that target; null for the target's own recipients. */
  readonly contactsOf: string | null;
  /** Messages of that target and severity that are told one by one within a window; what is above is summed up. */
  readonly mostPerWindow: number;
}

/** Times in seconds since the epoch. */
export interface NotificationDelivery extends Omit<PlannedDelivery, 'kind' | 'type' | 'mostPerWindow'> {
  readonly id: number;
  /** What receivers know it by: the same at each attempt. */
  readonly messageId: string;
  readonly kind: DeliveryKind;
  /** Of a summary: the last event it tells of, and how many there are. */
  readonly lastSequence: number;
  readonly events: number;
  /** Of the events that it tells of, each once; none where it was planned by a version that did not keep them. */
  readonly types: readonly string[];
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly createdAt: number;
  /** Null once it is settled. */
  readonly nextAttemptAt: number | null;
  readonly settledAt: number | null;
  /** Why the last attempt failed, or what went amiss with one that did not; without secrets and addresses. */
  readonly lastError: string | null;
}

/** What a queue has to know of a delivery. */
export type QueuedDelivery = Pick<NotificationDelivery, 'id' | 'attempts' | 'contactsOf'>;

/** Where a queue takes from, and writes down what became of it. */
export interface DeliverySource<D extends QueuedDelivery> {
  /** The oldest first. */
  due(target: string, now: number, limit: number): Promise<readonly D[]>;
  settle(attempts: readonly SettledAttempt[]): Promise<void>;
}

/** That a critical event is to be acknowledged by then, or goes on to the next route. */
export interface AwaitedAcknowledgement {
  readonly eventSequence: number;
  readonly route: string;
  readonly dueAt: number;
}

export type AttemptOutcome =
  /** `note`: what is to be known all the same, such as a recipient that was refused. */
  | { readonly state: 'delivered'; readonly note: string | null }
  | { readonly state: 'pending'; readonly nextAttemptAt: number; readonly error: string }
  | { readonly state: 'dead'; readonly error: string };

export interface SettledAttempt {
  readonly id: number;
  readonly outcome: AttemptOutcome;
}

/** What is kept in the outbox, and no longer; times in seconds since the epoch. */
export interface TidyLimits {
  /** What was to be told before and is still pending is given up. */
  readonly pendingSince: number;
  readonly deliveredBefore: number;
  readonly deadBefore: number;
  /** For each target; the oldest go. */
  readonly mostDead: number;
}

interface DeliveryQuery {
  readonly state?: DeliveryState | undefined;
  readonly target?: string | undefined;
}

/** What became of an attempt, as it is counted: one that failed is tried again, unless it is dead. */
export const COUNTED_OUTCOMES = ['delivered', 'failed', 'dead'] as const;

/** Pending and dead ones by target. */
export type DeliveryCounts = Readonly<Record<'pending' | 'dead', Readonly<Record<string, number>>>>;

/** Of a summary, all events from the first to the last count as told. */
export interface EventDelivery
  extends Pick<NotificationDelivery, 'kind' | 'route' | 'eventSequence' | 'lastSequence' | 'settledAt'> {}

/** What is to be told and was not yet, kept so that a restart loses none of it. All of it: `store_unavailable`. */
export interface NotificationOutbox extends DeliverySource<NotificationDelivery> {
  /** Place in the feed up to which everything is in the outbox; undefined before the first. */
  place(): Promise<number | undefined>;
  /** Commits as one: the deliveries, what waits for somebody, what no longer does, and the place. */
  record(step: {
    readonly place: number;
    readonly deliveries: readonly PlannedDelivery[];
    readonly awaited: readonly AwaitedAcknowledgement[];
    /** Sequences of events that somebody has taken up. */
    readonly takenUp: readonly number[];
  }): Promise<void>;
  /** What nobody has acknowledged in time. */
  unacknowledged(now: number, limit: number): Promise<readonly AwaitedAcknowledgement[]>;
  /** Goes on with it, unless somebody took the event up meanwhile. */
  escalate(
    from: AwaitedAcknowledgement,
    deliveries: readonly PlannedDelivery[],
    next: AwaitedAcknowledgement | null,
  ): Promise<void>;
  counts(): Promise<DeliveryCounts>;
  /** Every message that tells of one of these events, whatever became of it. */
  deliveriesOf(sequences: readonly number[]): Promise<readonly EventDelivery[]>;
  /** Puts back what waited to be sent and was changed by somebody else; answers how many. */
  reconcile(): Promise<number>;
  /** Gives up what waits for targets that are not among these. */
  abandonOthers(targets: readonly string[]): Promise<void>;
  /** A step of it; answers whether there is more to do. */
  tidy(limits: TidyLimits): Promise<boolean>;
}

/** The outbox, as the slice has it. */
export interface StoredNotifications extends NotificationOutbox, Pick<NotificationService, 'list'> {
  /** `unknown_delivery`. */
  find(id: number): Promise<NotificationDelivery>;
  /** A dead one waits for its first attempt again; commits with its audit event. `delivery_not_dead`. */
  revive(id: number, actor: Actor): Promise<NotificationDelivery>;
}

/** How a target took a test message. */
export interface TargetTest {
  readonly target: string;
  readonly type: string;
  readonly ok: boolean;
  readonly error: string | null;
}

/** What operators do with notifications. */
export interface NotificationService {
  /** Sends a test to each target, or to one: `unknown_target`, `overloaded` while another test runs. */
  test(target: string | undefined, actor: Actor): Promise<readonly TargetTest[]>;
  /** The newest first; `before` is the id of the last one seen. */
  list(
    query: DeliveryQuery,
    page: { readonly before?: number | undefined; readonly limit: number },
  ): Promise<readonly NotificationDelivery[]>;
  /** Sends a dead one again. `unknown_delivery`, `delivery_not_dead`, `unknown_target`. */
  replay(id: number, actor: Actor): Promise<NotificationDelivery>;
}
