import type { AuditLog } from '../kernel/audit.ts';
import type { EventRaiser } from '../kernel/security-events.ts';
import { type ActKeys, eventOfAct } from './acts.ts';

/** Events of the trail that were written before this run, and are looked at again. */
const LOOK_BACK = 256;
const PAGE = 100;

interface FollowDeps {
  readonly audit: Pick<AuditLog, 'auditHead' | 'newestOfType' | 'witnessedAfter'>;
  readonly keyRing: ActKeys;
  readonly events: EventRaiser;
  /** Whether the configuration lets one person do what takes two. */
  readonly singleOperator: boolean;
}

/**
 * Tells what people did, by the audit trail, which has the act whatever becomes of this process. What the last run did
 * and may not have told is told again: an event bears the number of its audit event, so that it is stored once. Before
 * a first start the service was set up; that is not told. To be opened before this start is on record. Answers how to look.
 */
export async function followActs({
  audit,
  keyRing,
  events,
  singleOperator,
}: FollowDeps): Promise<() => Promise<void>> {
  const [lastStart] = await audit.newestOfType('service.started', 1);
  const { sequence: head } = await audit.auditHead();
  let place = lastStart ? Math.max(lastStart.sequence, head - LOOK_BACK) : head;
  return async () => {
    for (let more = true; more; ) {
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
