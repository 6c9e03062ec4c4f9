import type { Logger } from 'pino';
import { dayOf } from './kernel/clock.ts';
import { KeywardError } from './kernel/errors.ts';
import { type SecurityEvents, securityEvent } from './kernel/security-events.ts';
import { type RetentionParts, retentionStep } from './ledger/retention.ts';
import { type RunningTask, startPeriodicTask } from './lib/periodic-task.ts';

const EVERY_MS = 60_000;
const ARCHIVING_STOPS = 'its rows do not give its hash; they stay, and nothing behind them is archived';

/** Moves records to the archive and out of it, a step a minute. */
export function keepRetention(
  { log, events, ...parts }: RetentionParts & { readonly events: SecurityEvents; readonly log: Logger },
  everyMs = EVERY_MS,
): RunningTask {
  const stopping = new AbortController();

  const tick = async (): Promise<void> => {
    try {
      const report = await retentionStep(parts, stopping.signal);
      if (Object.values(report).some((count) => count > 0)) log.info(report, 'ledger retention');
    } catch (error) {
      if (error instanceof KeywardError && error.code === 'ledger_damaged')
        await tellOfDamage(error, { events, log, clock: parts.clock });
      throw error;
    }
  };

  const task = startPeriodicTask({
    tick,
    everyMs,
    log,
    failure: 'ledger retention failed; it is tried again',
  });
  return {
    async stop() {
      stopping.abort();
      await task.stop();
    },
  };
}

async function tellOfDamage(
  { message: place }: KeywardError,
  {
    events,
    clock,
    log,
  }: Pick<RetentionParts, 'clock'> & {
    readonly events: SecurityEvents;
    readonly log: Logger;
  },
): Promise<void> {
  const day = dayOf(clock.nowSeconds());
  try {
    await events.raise(
      securityEvent('audit.chain_broken', { chain: 'ledger', place, why: ARCHIVING_STOPS, day }),
    );
  } catch (err) {
    log.error({ err }, 'audit.chain_broken could not be written');
  }
}
