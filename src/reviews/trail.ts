import type { AuditLog } from '../domain/audit-log.ts';
import type { ReviewPeriod } from './review.ts';
import { TrailDigest } from './trail-digest.ts';

/** Each event's seal is checked, on the event loop. */
const PAGE = 200;
/** Events in one review, and its length: what is beyond is the next review's. */
const MOST_EVENTS = 20_000;
const LONGEST_SECONDS = 35 * 86_400;

export interface Reviewed {
  readonly period: ReviewPeriod;
  readonly trail: TrailDigest;
}

/** Everything behind that event of the audit trail, up to now or as far as one review goes. */
export async function readTrail(
  audit: Pick<AuditLog, 'witnessedAfter'>,
  covered: { readonly until: number; readonly event: number },
  now: number,
): Promise<Reviewed> {
  const trail = new TrailDigest();
  // A clock that was put back is no reason to look at less.
  const end = Math.max(covered.until, Math.min(now, covered.until + LONGEST_SECONDS));
  let [event, count, full] = [covered.event, 0, false];
  let lastTime = covered.until;
  for (let page = await audit.witnessedAfter(event, PAGE); page.length > 0; ) {
    const beyond = page.findIndex(({ time }) => time > end);
    const fitting = page.slice(0, beyond < 0 ? page.length : beyond).slice(0, MOST_EVENTS - count);
    for (const each of fitting) {
      trail.add(each);
      lastTime = Math.max(lastTime, each.time);
    }
    count += fitting.length;
    event = fitting.at(-1)?.sequence ?? event;
    full = fitting.length < page.length;
    if (full) break;
    await new Promise((resolve) => setImmediate(resolve));
    page = await audit.witnessedAfter(event, PAGE);
  }
  const byCount = count >= MOST_EVENTS;
  const period = {
    from: covered.until,
    to: byCount ? Math.min(end, lastTime) : end,
    firstEvent: covered.event + 1,
    lastEvent: event,
    more: full || end < now,
  };
  return { period, trail };
}
