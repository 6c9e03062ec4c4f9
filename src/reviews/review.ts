import type { Actor } from '../kernel/actor.ts';
import type { SecurityEventType, Severity } from '../kernel/security-event-types.ts';
import type { EventState, UnresolvedCounts } from '../kernel/security-events.ts';

/** The first of a list that is as long as it is. */
export interface Listed<T> {
  readonly listed: readonly T[];
  /** Left out. */
  readonly more: number;
}

/** What one review looks at: all events of the audit trail between two of them, and the time in which they lie. */
export interface ReviewPeriod {
  /** Seconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** Sequences; the last is below the first where there is none. */
  readonly firstEvent: number;
  readonly lastEvent: number;
  /** Whether there is more after it, for the next review. */
  readonly more: boolean;
}

export interface NewCaller {
  /** `client:<id>` or `operator:<id>`. */
  readonly caller: string;
  readonly at: number;
  readonly by: string;
  readonly approvedBy: string | null;
}

export interface NewSource {
  readonly caller: string;
  readonly network: string;
  /** The security event that tells of it. */
  readonly event: number;
  readonly at: number;
}

export interface DeniedAttempts {
  /** Null where the credential told nobody. */
  readonly caller: string | null;
  /** The plane, or the method and path asked for. */
  readonly what: string;
  readonly code: string;
  readonly count: number;
  readonly remotes: readonly string[];
}

export interface VolumeChange {
  readonly client: string;
  readonly scope: string;
  readonly tokens: number;
  /** In as many hours before the period; null where the service is not as old. */
  readonly before: number | null;
}

/** Tokens in an hour of the week in which that client had none for that scope in the four weeks before. */
export interface OddHour {
  readonly client: string;
  readonly scope: string;
  /** Its start. */
  readonly at: number;
  readonly tokens: number;
}

export interface Acts {
  /** As the audit trail names them. */
  readonly type: string;
  readonly count: number;
  readonly by: readonly string[];
  readonly lastAt: number;
}

interface UnresolvedEvent {
  readonly sequence: number;
  readonly type: SecurityEventType;
  readonly severity: Severity;
  readonly subject: string;
  readonly state: EventState;
  readonly raisedAt: number;
}

/** What a person should look at. */
export interface Review {
  readonly period: ReviewPeriod;
  readonly newCallers: Listed<NewCaller>;
  readonly newSources: Listed<NewSource>;
  readonly denied: Listed<DeniedAttempts>;
  readonly volume: Listed<VolumeChange>;
  readonly oddHours: Listed<OddHour>;
  /** Where there was too much of the ledger to count: volumes and odd hours are of what was issued since. */
  readonly ledgerCountedFrom: number | null;
  readonly acts: Listed<Acts>;
  readonly unresolved: Listed<UnresolvedEvent> & { readonly counts: UnresolvedCounts };
}

export interface ShownReview {
  readonly review: Review;
  /** SHA-256 of the review as it is served, base64url. */
  readonly digest: string;
  /** Administrative acts in it, and how many of them are by whom it is shown to. */
  readonly acts: number;
  readonly ownActs: number;
}

export interface SignedOffReview {
  readonly period: ReviewPeriod;
  readonly digest: string;
  readonly note: string;
  readonly acts: number;
  readonly ownActs: number;
  readonly by: string;
  readonly at: number;
}

export interface ReviewStatus {
  /** Until when everything was looked at. */
  readonly coveredUntil: number;
  readonly overdueAt: number;
  readonly lastSignedOffAt: number | null;
}

/** The duty to look. What is signed off is an event of the audit trail and nothing else. */
export interface Reviews {
  /** Everything since the last that was signed off, within bounds. `store_unavailable`, `overloaded`. */
  current(actor: Actor): Promise<ShownReview>;
  /**
   * What was shown to that person last, or under that digest. `review_unseen`, `review_signed_off` where somebody
   * did it meanwhile, `store_unavailable`.
   */
  signOff(
    signing: { readonly digest?: string | undefined; readonly note: string },
    actor: Actor,
  ): Promise<SignedOffReview>;
  /** Takes over what was signed off at other fronts. `store_unavailable`. */
  refresh(): Promise<void>;
  /** The newest first. */
  list(): readonly SignedOffReview[];
  standing(): ReviewStatus;
}

/** The first so many of them. */
export function listed<T>(all: readonly T[], most: number): Listed<T> {
  return { listed: all.slice(0, most), more: Math.max(0, all.length - most) };
}
