import type { Logger } from 'pino';
import type { Clock } from '../kernel/clock.ts';
import type { Leadership } from '../kernel/registry.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import { Backoff } from '../lib/backoff.ts';
import { startPeriodicTask } from '../lib/periodic-task.ts';
import type { ReconcileStep } from './reconcile-steps.ts';

const EVERY_MS = 1_000;
const RETRY_SECONDS = { first: 1, max: 300 };
/** Nobody else retries at the same time. */
const noJitter = () => 1;

interface ReconcilerDeps {
  /** Asked at each look, in the order in which they are done. */
  readonly steps: () => readonly ReconcileStep[];
  readonly leadership: Leadership;
  readonly events: EventRaiser;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Reconciler {
  /** Looks at once, without being waited for. */
  schedule(): void;
  stop(): Promise<void>;
}

/**
 * Runs the steps that are due; where another process leads, those that concern its own signer. A step that fails is
 * retried with growing delays; its first failure is a security event.
 */
export function startReconciler({ steps, leadership, events, clock, log }: ReconcilerDeps): Reconciler {
  const failing = new Map<string, { readonly delays: Backoff; readonly at: number }>();

  const postpone = ({ name, subject: concerns, failure }: ReconcileStep, error: unknown): void => {
    const before = failing.get(name)?.delays;
    const delays = before ?? new Backoff(RETRY_SECONDS, noJitter);
    failing.set(name, { delays, at: clock.nowSeconds() + delays.next() });
    if (before) return;
    log.error({ err: error, chore: name }, 'not done; it is tried again');
    events.raise(securityEvent(failure, { chore: name, concerns, failed_at: clock.nowSeconds() }));
  };

  const tick = async (): Promise<void> => {
    const due = steps();
    const names = new Set(due.map(({ name }) => name));
    for (const name of failing.keys()) if (!names.has(name)) failing.delete(name);
    for (const step of due) {
      if ((failing.get(step.name)?.at ?? 0) > clock.nowSeconds()) continue;
      if (!step.isOwn && !leadership.leads()) continue;
      try {
        await step.run();
        failing.delete(step.name);
        log.info({ chore: step.name }, 'done');
      } catch (error) {
        postpone(step, error);
      }
    }
  };
  const task = startPeriodicTask({
    tick,
    everyMs: EVERY_MS,
    log,
    failure: 'what is due could not be worked out; it is tried again',
  });
  return { schedule: () => task.soon(0), stop: () => task.stop() };
}
