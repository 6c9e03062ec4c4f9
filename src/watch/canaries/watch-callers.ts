import type { CallerWatch } from '../../domain/caller-watch.ts';
import type { CanaryAlarm } from '../../domain/canary.ts';
import type { CanaryBook } from './canary-book.ts';

/**
 * Every credential that is not valid is looked up, a decoy or not: what authenticates knows no decoys, and refuses
 * one as it refuses any that it does not know.
 */
export function watchCallers(next: CallerWatch, book: CanaryBook, alarm: CanaryAlarm): CallerWatch {
  return {
    authenticated: (caller, remote) => next.authenticated(caller, remote),
    refused(request) {
      next.refused(request);
      const { credential, remote, requestId } = request;
      const canary = credential && book.ofDigest(credential);
      if (canary) alarm.touched(canary, { use: 'authentication', caller: null, remote, requestId });
    },
  };
}
