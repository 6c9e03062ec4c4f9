import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import { type ClockListener, ClockWatch } from '../clock/clock-watch.ts';
import type { Config } from '../config.ts';
import { type AuditLog, type AuditTrail, actOf, type SinkGate } from '../kernel/audit.ts';
import type { Clock, ClockConfirmation } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { isoInstant } from '../lib/instant.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import { databaseCheckpoint, newestTime, readSinkCheckpoints } from './sink-checkpoints.ts';
import type { Sinks } from './sinks.ts';

interface ClockWatchDeps {
  readonly config: Pick<Config, 'clock'>;
  readonly sinks: Sinks;
  readonly audit: Pick<AuditLog, 'lastCheckpoint'>;
  readonly auditKey: AuditPublicKey;
  readonly log: Logger;
}

/** The clock of this machine, against the time since its last boot and the newest checkpoint of database and sinks. */
export async function openClockWatch({
  config,
  sinks,
  audit,
  auditKey,
  log,
}: ClockWatchDeps): Promise<ClockWatch> {
  const sinkCheckpoints = await readSinkCheckpoints({ sinks, log });
  const { max_downtime_seconds, settle_seconds } = config.clock;
  const options = {
    wallMs: Date.now,
    steadyMs: () => uptime() * 1_000,
    quickMs: () => performance.now(),
    lastCheckpointTime: await newestTime(
      [...sinkCheckpoints, databaseCheckpoint(await audit.lastCheckpoint())],
      auditKey,
    ),
    maxDowntimeSeconds: max_downtime_seconds,
    settleSeconds: settle_seconds,
  };
  return new ClockWatch(options, loggingJumps(log));
}

export function loggingJumps(log: Logger): ClockListener {
  return {
    onJump: (jump) =>
      log.fatal(
        { event: 'clock.jump', ...jump },
        'the clock is not trusted: no tokens until it is right again',
      ),
    onSteady: () => log.warn('the clock is right again'),
  };
}

interface ConfirmationDeps {
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
export function createClockConfirmation({
  watch,
  sinks,
  audit,
  clock,
  seal,
}: ConfirmationDeps): ClockConfirmation {
  const doubted = () => watch.doubt() ?? nothingDoubted();
  return {
    describe(time) {
      const { kind, expected, since } = doubted();
      if (time < since - READ_WITHIN_SECONDS || time > clock.nowSeconds() + READ_WITHIN_SECONDS) {
        throw new KeywardError(
          'clock_disagrees',
          `the clock of the service shows ${isoInstant(clock.nowSeconds())}, and you ${isoInstant(time)}; set the one that is wrong`,
        );
      }
      return {
        before: {
          trusted: false,
          why: kind,
          expected: isoInstant(expected),
          doubted_since: isoInstant(since),
        },
        after: { trusted: true, time: isoInstant(time) },
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
