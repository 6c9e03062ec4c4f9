import type { Clock } from '../kernel/clock.ts';
import { type EventRaiser, type SecurityEventReport, securityEvent } from '../kernel/security-events.ts';
import { sourceOf } from '../lib/address.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { CANARY_KINDS, CANARY_USES, type Canary, type CanaryAlarm, type CanaryTrigger } from './canary.ts';

interface CanaryAlarmDeps {
  readonly events: EventRaiser;
  readonly clock: Clock;
  /** Told of every touch. */
  readonly count: (canary: Canary, touch: CanaryTrigger) => void;
}

const HOUR = 3_600;

/**
 * One critical event for each decoy, use, caller, network and hour. It is raised after the answer to the request
 * that touched the decoy, so that the answer tells nothing. A client with many addresses uses up the decoy's budget:
 * its further touches only count.
 */
export function createCanaryAlarm({ events, clock, count }: CanaryAlarmDeps): CanaryAlarm {
  return {
    touched(canary, touch) {
      setImmediate(() => {
        count(canary, touch);
        events.raise(reportOf(canary, touch, clock.nowSeconds()), canary.id);
      });
    },
  };
}

function reportOf(
  { id, kind, planted, scopeId }: Canary,
  touch: CanaryTrigger,
  now: number,
): SecurityEventReport {
  const { use, caller, remote = null, requestId, details = [] } = touch;
  return securityEvent('canary.touched', {
    canary: id,
    decoy: kind,
    use,
    planted,
    scope: scopeId,
    caller,
    remote,
    network: remote && sourceOf(remote),
    request_id: requestId,
    hour: now - (now % HOUR),
    details,
  });
}

/** Counts every use of a decoy; all that there may be begin at nought, so that a first one is seen to grow. */
export function countedTriggers({ canaryTouches: counter }: Pick<Metrics, 'canaryTouches'>) {
  for (const kind of CANARY_KINDS) for (const use of CANARY_USES) counter.inc({ kind, use }, 0);
  return ({ kind }: Canary, { use }: CanaryTrigger): void => counter.inc({ kind, use });
}
