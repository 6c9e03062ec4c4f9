import type { Logger } from 'pino';
import type { Clock } from '../kernel/clock.ts';
import type { Leadership } from '../kernel/registry.ts';
import { type SecurityEvents, securityEvent } from '../kernel/security-events.ts';
import type { ReconcileStep } from './reconcile-steps.ts';

const EVERY_MS = 1_000;
const FIRST_DELAY_SECONDS = 1;
const LONGEST_DELAY_SECONDS = 300;

export interface ReconcilerParts {
  /** Asked at each look, in the order in which they are done. */
  readonly steps: () => readonly ReconcileStep[];
  readonly leadership: Leadership;
  readonly events: SecurityEvents;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Reconciler {
  /** Looks at once, without being waited for. */
  look(): void;
  stop(): Promise<void>;
}

/** Runs the steps that are due. A step that fails is retried with growing delays; its first failure is a security event. */
export function startReconciler({ steps, leadership, events, clock, log }: ReconcilerParts): Reconciler {
  const failing = new Map<string, { readonly delay: number; readonly at: number }>();
  let running: Promise<void> | undefined;
  let again = false;

  const postpone = async (
    { name, subject: concerns, failure }: ReconcileStep,
    error: unknown,
  ): Promise<void> => {
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
    const due = steps();
    const names = new Set(due.map(({ name }) => name));
    for (const name of failing.keys()) if (!names.has(name)) failing.delete(name);
    for (const step of due) {
      if ((failing.get(step.name)?.at ?? 0) > clock.nowSeconds()) continue;
      try {
        await step.run();
        failing.delete(step.name);
        log.info({ chore: step.name }, 'done');
      } catch (error) {
        await postpone(step, error);
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
