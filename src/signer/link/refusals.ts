import { type ErrorCode, KeywardError } from '../../domain/errors.ts';
import type { Failure } from '../protocol.ts';

/** What the child says of these names files and settings: that is for the log. */
const OUTWARD = new Map<ErrorCode, string>([
  ['hsm_unavailable', 'the HSM is away; try again'],
  ['pin_latched', 'the HSM is not logged in to: the security team has to look at its PIN'],
  ['invalid_config', 'the HSM cannot be opened as it is configured: the security team has to look'],
]);

/** Seconds, where trying again makes sense. */
const RETRY_AFTER: Partial<Record<ErrorCode, number>> = {
  hsm_unavailable: 1,
  overloaded: 1,
  rate_limited: 60,
};

/** The child's word as the caller gets it; the module's return value stays in the log. */
export function asError({ code, message, ckr }: Failure): KeywardError {
  const retryAfterSeconds = RETRY_AFTER[code];
  return new KeywardError(code, OUTWARD.get(code) ?? message, {
    cause: { message, ...(ckr === undefined ? {} : { ckr }) },
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** `inside` is for the log: what happened to the process. */
export function unavailable(inside: string, message = 'the HSM is away; try again'): KeywardError {
  return new KeywardError('hsm_unavailable', message, { cause: inside, retryAfterSeconds: 1 });
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
