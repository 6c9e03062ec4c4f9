import type { CallerWatch } from '../../domain/caller-watch.ts';
import type { CanaryAlarm } from '../../domain/canary.ts';
import type { CanaryBook } from './canary-book.ts';

/**
 * Whatever opened nothing is looked up, a decoy or not: what authenticates knows no decoys, and refuses one as it refuses
 * any that it does not know.
 */
export function watchCallers(next: CallerWatch, book: CanaryBook, alarm: CanaryAlarm): CallerWatch {
  return {
    authenticated: (caller, remote) => next.authenticated(caller, remote),
    refused: (request) => next.refused(request),
    shown(what) {
      next.shown(what);
      const { text, ...touch } = what;
      for (const canary of book.shownIn(text)) alarm.touched(canary, touch);
    },
  };
}
