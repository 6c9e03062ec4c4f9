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
