import { KeywardError } from '../kernel/errors.ts';

/** What the registry was asked does not fit what it holds: an error of ours, never of the caller. */
export function inconsistent(what: string): KeywardError {
  return new KeywardError('internal', 'The registry does not hold what this change needs.', {
    cause: new Error(what),
  });
}
