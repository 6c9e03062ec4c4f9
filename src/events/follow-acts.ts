import type { AuditLog } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Leadership } from '../kernel/registry.ts';
import type { EventRaiser } from '../kernel/security-events.ts';
import { type ActKeys, eventOfAct } from './acts.ts';

/** Events of the trail that were written before this run, and are looked at again. */
const LOOK_BACK = 256;
const PAGE = 100;
/** Another process that leads has told what is older, or this one has taken over from it by then. */
const TAKEN_OVER_SECONDS = 60;

interface FollowDeps {
  readonly audit: Pick<AuditLog, 'auditHead' | 'newestOfType' | 'witnessedAfter'>;
  readonly keyRing: ActKeys;
  readonly events: EventRaiser;
  /** Whether the configuration lets one person do what takes two. */
  readonly singleOperator: boolean;
  readonly leadership: Pick<Leadership, 'leads'>;
  readonly clock: Clock;
}

/**
 * Tells what people did, by the audit trail, which has the act whatever becomes of this process. What the last run did
 * and may not have told is told again: an event bears the number of its audit event, so that it is stored once. Before
 * a first start the service was set up; that is not told. To be opened before this start is on record. Where another
 * process leads, nothing is told; what that one may not have told is, once this one leads. Answers how to look.
 */
export async function followActs({
  audit,
  keyRing,
  events,
  singleOperator,
  leadership,
  clock,
}: FollowDeps): Promise<() => Promise<void>> {
  const [lastStart] = await audit.newestOfType('service.started', 1);
  const { sequence: head } = await audit.auditHead();
  let place = lastStart ? Math.max(lastStart.sequence, head - LOOK_BACK) : head;
  let end = { sequence: head, at: clock.nowSeconds() };
  const stayBehind = async () => {
    if (clock.nowSeconds() - end.at < TAKEN_OVER_SECONDS) return;
    place = Math.max(place, end.sequence);
    end = { sequence: (await audit.auditHead()).sequence, at: clock.nowSeconds() };
  };
  return async () => {
    if (!leadership.leads()) return await stayBehind();
    for (let more = true; more && leadership.leads(); ) {
      const page = await audit.witnessedAfter(place, PAGE);
      for (const event of page) {
        const report = eventOfAct(event, keyRing, singleOperator);
        if (report) events.raise(report);
        place = event.sequence;
      }
      more = page.length === PAGE;
    }
  };
}
