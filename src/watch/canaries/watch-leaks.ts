import type { CanaryAlarm } from '../../domain/canary.ts';
import type { LeakDesk } from '../../domain/leaks.ts';
import type { CanaryBook } from './canary-book.ts';

/**
 * A decoy that somebody reports to have found in public did not get there by itself. One that a scan of our own finds
 * lies where it was put.
 */
export function watchLeaks(
  next: LeakDesk,
  { book, alarm }: { readonly book: CanaryBook; readonly alarm: CanaryAlarm },
): LeakDesk {
  return {
    tell: (known, place) => next.tell(known, place),
    withdraw: (known, place, actor) => next.withdraw(known, place, actor),
    find(sought, by) {
      for (const [at, { digest }] of by ? sought.entries() : []) {
        const canary = book.ofDigest(digest);
        if (!canary || !by) continue;
        const { reportedBy: caller, remote, requestId, places } = by;
        alarm.touched(canary, {
          use: caller === null ? 'report' : 'leak',
          caller,
          remote,
          requestId,
          details: [`found at ${places[at] || 'a place that was not told'}`],
        });
      }
      return next.find(sought, by);
    },
  };
}
