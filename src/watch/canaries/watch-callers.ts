import type { CanaryAlarm } from '../../kernel/canary.ts';
import type { RequestObserver } from '../../domain/request-observer.ts';
import type { CanaryIndex } from '../../canaries/canary-index.ts';

/**
 * Whatever opened nothing is looked up, a decoy or not: what authenticates knows no decoys, and refuses one as it refuses
 * any that it does not know.
 */
export function watchCallers(next: RequestObserver, book: CanaryIndex, alarm: CanaryAlarm): RequestObserver {
  return {
    authenticated: (caller, remote) => next.authenticated(caller, remote),
    refused: (request) => next.refused(request),
    rejectedSecret(what) {
      next.rejectedSecret(what);
      const { text, ...touch } = what;
      for (const canary of book.shownIn(text)) alarm.touched(canary, touch);
    },
  };
}
