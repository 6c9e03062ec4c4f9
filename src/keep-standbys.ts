import type { Logger } from 'pino';
import type { Actor } from './domain/access.ts';
import type { Clock } from './domain/clock.ts';
import type { SecurityEvents } from './domain/security-events.ts';
import type { StandbyKeeper } from './keys/keep-standby.ts';

const EVERY_MS = 5_000;
const FIRST_DELAY_SECONDS = 5;
const LONGEST_DELAY_SECONDS = 300;
const KEYWARD: Actor = { operatorId: 'keyward', requestId: null };

export interface StandbyWatchParts {
  readonly standbys: StandbyKeeper;
  readonly events: SecurityEvents;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface StandbyWatch {
  /** Looks at once, without being waited for. */
  look(): void;
  stop(): Promise<void>;
}

/** Makes the standby that a scope lacks, later and later where the HSM does not; the first failure is an event. */
export function keepStandbys({ standbys, events, clock, log }: StandbyWatchParts): StandbyWatch {
  const failing = new Map<string, { readonly delay: number; readonly at: number }>();
  let running: Promise<void> | undefined;

  const postpone = async (scope: string, error: unknown): Promise<void> => {
    const before = failing.get(scope)?.delay;
    const delay = before === undefined ? FIRST_DELAY_SECONDS : Math.min(2 * before, LONGEST_DELAY_SECONDS);
    failing.set(scope, { delay, at: clock.nowSeconds() + delay });
    if (before !== undefined) return;
    log.error({ err: error, scope }, 'no standby; it is tried again');
    const [subject, dedupKey] = [`scope:${scope}`, `${scope} ${clock.nowSeconds()}`];
    await events
      .raise({ type: 'key.standby_missing', severity: 'warning', dedupKey, subject, evidence: {} })
      .catch((cause: unknown) => log.error({ err: cause, scope }, 'security event not stored'));
  };

  const provide = async (scope: string): Promise<void> => {
    if ((failing.get(scope)?.at ?? 0) > clock.nowSeconds()) return;
    try {
      const key = await standbys.provide(scope, KEYWARD);
      failing.delete(scope);
      if (key) log.info({ scope, kid: key.kid }, 'standby made');
    } catch (error) {
      await postpone(scope, error);
    }
  };

  const round = async (): Promise<void> => {
    for (const scope of standbys.lacking()) await provide(scope);
  };

  const look = (): void => {
    running ??= round().finally(() => {
      running = undefined;
    });
  };

  const timer = setInterval(look, EVERY_MS);
  timer.unref();
  return {
    look,
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
