import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import type { Sinks } from './sinks.ts';
import { newestTime, ownWitness, witnessesOf } from './witnesses.ts';
import type { Config } from '../config.ts';
import type { AuditLog } from '../domain/audit-log.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import { type ClockListener, ClockWatch } from '../clock/clock-watch.ts';

interface Parts {
  readonly config: Pick<Config, 'clock'>;
  readonly sinks: Sinks;
  readonly audit: Pick<AuditLog, 'lastCheckpoint'>;
  readonly auditKey: AuditPublicKey;
  readonly log: Logger;
}

/** The clock of this machine, against the time since its last boot and the newest checkpoint of database and sinks. */
export async function openClockWatch({ config, sinks, audit, auditKey, log }: Parts): Promise<ClockWatch> {
  const witnesses = await witnessesOf({ sinks, log });
  const { max_downtime_seconds, settle_seconds } = config.clock;
  const options = {
    wallMs: Date.now,
    steadyMs: () => uptime() * 1_000,
    quickMs: () => performance.now(),
    lastCheckpointTime: await newestTime([...witnesses, ownWitness(await audit.lastCheckpoint())], auditKey),
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
