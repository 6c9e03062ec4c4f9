import { type ErrorCode, KeywardError } from '../../kernel/errors.ts';
import { type Failure, TOKEN_ABSENT } from '../protocol.ts';

/** What the child says of these names files and settings: that is for the log. */
const OUTWARD = new Map<ErrorCode, string>([
  ['hsm_unavailable', 'the HSM is away; try again'],
  ['pin_latched', 'the HSM is not logged in to: the security team has to look at its PIN'],
]);

/** Seconds, where trying again makes sense. */
const RETRY_AFTER: Partial<Record<ErrorCode, number>> = {
  hsm_unavailable: 1,
  overloaded: 1,
  rate_limited: 60,
};

/** The child's word as the caller gets it; what is for operators goes into the cause. */
export function asError({ code, message, detail, ckr }: Failure): KeywardError {
  const retryAfterSeconds = RETRY_AFTER[code];
  return new KeywardError(code, OUTWARD.get(code) ?? message, {
    cause: {
      message,
      ...(detail === undefined ? {} : { detail }),
      ...(ckr === undefined ? {} : { ckr }),
    },
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** `inside` is for the log: what happened to the process. */
export function unavailable(inside: string, message = outwardOf(inside)): KeywardError {
  return new KeywardError('hsm_unavailable', message, { cause: inside, retryAfterSeconds: 1 });
}

/** An HSM that cannot be reached comes back by itself; a token that it does not show may be lost. */
function outwardOf(inside: string): string {
  return inside.startsWith(TOKEN_ABSENT)
    ? `${TOKEN_ABSENT}; if it is lost for good: docs/runbooks/lost-hsm.md`
    : 'the HSM is away; try again';
}

export function outcomeUnknown(inside: string): KeywardError {
  return unavailable(inside, 'the HSM went away; whether the change was made is unknown');
}

export function overloaded(): KeywardError {
  return new KeywardError('overloaded', 'too many signatures are waiting; try again', {
    retryAfterSeconds: 1,
  });
}

export function shuttingDown(): KeywardError {
  return new KeywardError('shutting_down', 'the service is shutting down');
}
