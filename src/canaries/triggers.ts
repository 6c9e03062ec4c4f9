import type { CanaryAlarm } from '../kernel/canary.ts';
import type { LeakQuery, LeakReporter, LeakService } from '../kernel/leaks.ts';
import type { CanaryIndex } from './canary-index.ts';

/**
 * A decoy that somebody reports to have found in public did not get there by itself. One that an operator looks up may be
 * where it was put; but looked up in silence, anybody's credential could first be told from a decoy.
 */
export function watchLeaks(
  next: LeakService,
  { book, alarm }: { readonly book: CanaryIndex; readonly alarm: CanaryAlarm },
): LeakService {
  const ring = (sought: readonly LeakQuery[], by: LeakReporter) => {
    const { reportedBy: caller, remote, requestId, places } = by;
    for (const [at, { digest }] of sought.entries()) {
      const canary = book.ofDigest(digest);
      if (!canary) continue;
      alarm.touched(canary, {
        use: caller === null ? 'report' : 'leak',
        caller,
        remote,
        requestId,
        details: [`found at ${places[at] || 'a place that was not told'}`],
      });
    }
  };
  return {
    tell: (known, place) => next.tell(known, place),
    reportPins: (pins, actor) => next.reportPins(pins, actor),
    withdraw: (known, place, actor) => next.withdraw(known, place, actor),
    find(sought, by) {
      if (by) ring(sought, by);
      return next.find(sought, by);
    },
    lookUp(sought, by, actor) {
      ring(sought, by);
      return next.lookUp(sought, by, actor);
    },
  };
}
