import type { RefusalReason } from '../kernel/verification.ts';

/** The token is not good for the scope; `reason` is out of the closed list that the service answers too. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  /** The first rule that the token breaks. */
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason) {
    super(`the token is refused: ${reason}`);
    this.reason = reason;
  }
}

/** Nothing can be said of the token now: answer 503, never as if it were good or bad. */
export class VerifierUnavailable extends Error {
  override readonly name = 'VerifierUnavailable';

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
  }
}

/** What the service answered instead of what was asked for, or that it did not answer (`status` undefined). */
export class ServiceFailure extends Error {
  override readonly name = 'ServiceFailure';
  /** Of the HTTP answer. */
  readonly status: number | undefined;
  /** Of the problem document (RFC 9457), such as `rate_limited`. */
  readonly code: string | undefined;
  /** Of the answer's `Retry-After`: whole seconds, 60 at most. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    message: string,
    {
      status,
      code,
      retryAfterSeconds,
      cause,
    }: { status?: number; code?: string; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** What goes wrong beside the verification of a token; none of it makes a bad token good. */
export type ProblemCode =
  /** The key set could not be fetched; the last good one serves for as long as it may. */
  | 'key_set_unreachable'
  /** What was fetched is no key set of the scope; the last good one serves for as long as it may. */
  | 'key_set_refused'
  /** The event stream ended or could not be had; it is tried again. */
  | 'events_lost'
  | 'acknowledgement_failed'
  /** Sightings wait for the service to be back. */
  | 'sightings_failed'
  /** More sightings wait than are kept: the oldest are given up. */
  | 'sightings_dropped'
  /** A function of yours threw. */
  | 'callback_failed';

/** Something that operators should see. */
export interface VerifierProblem {
  /** Stays the same from version to version. */
  readonly code: ProblemCode;
  /** For people; says nothing secret. */
  readonly message: string;
  /** The error behind it, where there is one. */
  readonly cause?: unknown;
}

export type ReportProblem = (problem: VerifierProblem) => void;

/** Reports to the caller's function, whose own errors must harm nobody. */
export function problemReporter(onProblem: ((problem: VerifierProblem) => void) | undefined): ReportProblem {
  return (problem) => {
    try {
      onProblem?.(problem);
    } catch {
      // There is nobody left to tell.
    }
  };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Throws a `TypeError` that says what is wrong with what the caller gave. */
export function requireThat(holds: boolean, flaw: string): void {
  if (!holds) throw new TypeError(flaw);
}
