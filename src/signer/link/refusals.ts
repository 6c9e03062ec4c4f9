import { KeywardError } from '../../domain/errors.ts';
import type { Failure } from '../protocol.ts';

/** The child's word as the caller gets it; the module's return value stays in the log. */
export function asError(failure: Failure): KeywardError {
  const temporary = failure.code === 'hsm_unavailable' || failure.code === 'overloaded';
  return new KeywardError(failure.code, failure.message, {
    ...(failure.ckr === undefined ? {} : { cause: { ckr: failure.ckr } }),
    ...(temporary ? { retryAfterSeconds: 1 } : {}),
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
