import { actOf } from './db/audited-change.ts';
import type { SinkGate } from './kernel/audit.ts';
import type { AuditTrail } from './domain/audit-trail.ts';
import type { Clock, ClockConfirmation } from './kernel/clock.ts';
import { KeywardError } from './kernel/errors.ts';
import type { ClockWatch } from './clock/clock-watch.ts';

interface Parts {
  readonly watch: Pick<ClockWatch, 'doubt' | 'confirm'>;
  readonly sinks: SinkGate;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  /** A checkpoint now: the next start compares with the confirmed time. */
  readonly seal: () => Promise<void>;
}

/** The operator reads the time from another clock than the service's; both may be read up to so far apart. */
const READ_WITHIN_SECONDS = 120;

/** People vouch for a clock that is doubted. A sink has it before it counts. */
export function createClockConfirmation({ watch, sinks, audit, clock, seal }: Parts): ClockConfirmation {
  const doubted = () => watch.doubt() ?? nothingDoubted();
  return {
    describe(time) {
      const { kind, expected, since } = doubted();
      if (time < since - READ_WITHIN_SECONDS || time > clock.nowSeconds() + READ_WITHIN_SECONDS) {
        throw new KeywardError(
          'clock_disagrees',
          `the clock of the service shows ${instant(clock.nowSeconds())}, and you ${instant(time)}; set the one that is wrong`,
        );
      }
      return {
        before: { trusted: false, why: kind, expected: instant(expected), doubted_since: instant(since) },
        after: { trusted: true, time: instant(time) },
      };
    },
    async confirm({ time, reason }, actor) {
      const { kind, expected } = doubted();
      const told = { was: kind, wall: clock.nowSeconds(), expected, time, reason };
      const event = actOf(actor, 'clock.confirmed', 'clock', told);
      await sinks.confirm(event);
      await audit.record(event);
      watch.confirm();
      await seal();
      return told;
    },
  };
}

function nothingDoubted(): never {
  throw new KeywardError('clock_trusted', 'the clock of the service is trusted; there is nothing to confirm');
}

function instant(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}
