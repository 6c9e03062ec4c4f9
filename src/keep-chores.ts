import type { Logger } from 'pino';
import type { Clock } from './domain/clock.ts';
import type { Leadership } from './domain/leadership.ts';
import { type SecurityEvents, securityEvent } from './domain/security-events.ts';
import type { Chore } from './keys/key-chores.ts';

const EVERY_MS = 1_000;
const FIRST_DELAY_SECONDS = 1;
const LONGEST_DELAY_SECONDS = 300;

export interface ChoreKeepingParts {
  /** Asked at each look, in the order in which they are done. */
  readonly chores: () => readonly Chore[];
  readonly leadership: Leadership;
  readonly events: SecurityEvents;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ChoreKeeper {
  /** Looks at once, without being waited for. */
  look(): void;
  stop(): Promise<void>;
}

/** Does what is to be done, each chore later and later where it fails; the first failure is an event. */
export function keepChores({ chores, leadership, events, clock, log }: ChoreKeepingParts): ChoreKeeper {
  const failing = new Map<string, { readonly delay: number; readonly at: number }>();
  let running: Promise<void> | undefined;
  let again = false;

  const postpone = async ({ name, subject: concerns, failure }: Chore, error: unknown): Promise<void> => {
    const before = failing.get(name)?.delay;
    const delay = before === undefined ? FIRST_DELAY_SECONDS : Math.min(2 * before, LONGEST_DELAY_SECONDS);
    failing.set(name, { delay, at: clock.nowSeconds() + delay });
    if (before !== undefined) return;
    log.error({ err: error, chore: name }, 'not done; it is tried again');
    await events
      .raise(securityEvent(failure, { chore: name, concerns, failed_at: clock.nowSeconds() }))
      .catch((cause: unknown) => log.error({ err: cause, chore: name }, 'security event not stored'));
  };

  const round = async (): Promise<void> => {
    if (!leadership.leads()) return;
    const due = chores();
    const names = new Set(due.map(({ name }) => name));
    for (const name of failing.keys()) if (!names.has(name)) failing.delete(name);
    for (const chore of due) {
      if ((failing.get(chore.name)?.at ?? 0) > clock.nowSeconds()) continue;
      try {
        await chore.run();
        failing.delete(chore.name);
        log.info({ chore: chore.name }, 'done');
      } catch (error) {
        await postpone(chore, error);
      }
    }
  };
  const rounds = async (): Promise<void> => {
    do {
      again = false;
      await round();
    } while (again);
  };

  const look = (): void => {
    again = true;
    running ??= rounds().finally(() => {
      running = undefined;
    });
  };

  const timer = setInterval(look, EVERY_MS);
  timer.unref();
  return {
    look,
    async stop() {
      clearInterval(timer);
      again = false;
      await running;
    },
  };
}
