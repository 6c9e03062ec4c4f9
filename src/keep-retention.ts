import type { Logger } from 'pino';
import { KeywardError } from './domain/errors.ts';
import { type SecurityEvents, securityEvent } from './domain/security-events.ts';
import { type RetentionParts, retentionStep } from './ledger/retention.ts';

const EVERY_MS = 60_000;
const ARCHIVING_STOPS = 'its rows do not give its hash; they stay, and nothing behind them is archived';

/** Moves records to the archive and out of it, a step a minute. */
export function keepRetention(
  { log, events, ...parts }: RetentionParts & { readonly events: SecurityEvents; readonly log: Logger },
  everyMs = EVERY_MS,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;

  const step = async (): Promise<void> => {
    try {
      const report = await retentionStep(parts, stopping.signal);
      if (Object.values(report).some((count) => count > 0)) log.info(report, 'ledger retention');
    } catch (error) {
      log.error({ err: error }, 'ledger retention failed; it is tried again');
      if (error instanceof KeywardError && error.code === 'ledger_damaged')
        await tellOfDamage(error, events, log);
    }
  };

  const timer = setInterval(() => {
    running ??= step().finally(() => {
      running = undefined;
    });
  }, everyMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await running;
    },
  };
}

async function tellOfDamage({ message }: KeywardError, events: SecurityEvents, log: Logger): Promise<void> {
  try {
    await events.raise(
      securityEvent('audit.chain_broken', { chain: 'ledger', place: message, why: ARCHIVING_STOPS }),
    );
  } catch (err) {
    log.error({ err }, 'audit.chain_broken could not be written');
  }
}
