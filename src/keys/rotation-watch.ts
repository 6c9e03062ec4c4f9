import type { Logger } from 'pino';
import type { Clock, TimeGuard } from '../kernel/clock.ts';
import type { SigningKey } from '../kernel/key.ts';
import { isWindowOver, rotationDueAt, windowAlarm } from '../kernel/key-window.ts';
import { type Leadership, whileLeading } from '../kernel/registry.ts';
import { type EventRaiser, type SecurityEventReport, securityEvent } from '../kernel/security-events.ts';
import { startPeriodicTask } from '../lib/periodic-task.ts';
import { type RotationOutlook, rotationOutlook } from './lifecycle/due-steps.ts';
import { activeOf, type PlanContext, type ScopeKeys } from './lifecycle/plans.ts';

interface RotationWatchDeps {
  readonly scopes: () => readonly ScopeKeys[];
  readonly events: EventRaiser;
  readonly clock: Clock;
  readonly graceSeconds: number;
}

/** A rotation that is due is done within moments; past this it is late. */
const LATE_SECONDS = 60;

/** Tells of windows that run out, once each. Answers how to look. */
export function createRotationWatch({ scopes, events, clock, graceSeconds }: RotationWatchDeps) {
  return (): void => {
    for (const of of scopes()) {
      for (const report of rotationNews(of, { now: clock.nowSeconds(), graceSeconds })) events.raise(report);
    }
  };
}

/**
 * What is to be said of a scope now. At 75 and 90 % of the window it is mere news where the rotation will come by
 * itself, and a warning where something stands in its way.
 */
export function rotationNews(of: ScopeKeys, given: PlanContext): readonly SecurityEventReport[] {
  const signing = activeOf(of);
  // Of most scopes there is nothing to say, and what would stand in their way costs more to work out.
  if (!signing || isEarly(signing, given)) return [];
  const outlook = rotationOutlook(of, given);
  if (!outlook) return [];
  const { active, dueAt } = outlook;
  const evidence = evidenceOf(of, outlook);
  const overdue = (windowOver: boolean) =>
    securityEvent('rotation.overdue', { ...evidence, window_over: windowOver });
  if (isWindowOver(active, given.now)) return [overdue(true)];
  const percent = windowAlarm(active, given.now);
  const nearlyOver = (at: number) =>
    securityEvent('key.window_nearly_over', { ...evidence, percent: Math.min(at, 90) });
  return [
    ...(percent === undefined ? [] : [nearlyOver(percent)]),
    ...(given.now > dueAt + LATE_SECONDS ? [overdue(false)] : []),
  ];
}

function isEarly(active: SigningKey, { now, graceSeconds }: PlanContext): boolean {
  return windowAlarm(active, now) === undefined && now <= rotationDueAt(active, graceSeconds) + LATE_SECONDS;
}

function evidenceOf({ scope }: ScopeKeys, { active, dueAt, at, obstacle }: RotationOutlook) {
  return {
    scope: scope.id,
    kid: active.kid,
    sign_until: active.signUntil,
    due_at: dueAt,
    expected_at: at,
    obstacle: obstacle ?? null,
    paused_until: scope.rotationPause?.until ?? null,
  };
}

interface RotationWatchKeeping extends RotationWatchDeps {
  readonly timeGuard: TimeGuard;
  readonly leadership: Leadership;
  readonly log: Logger;
}

/** Looks at the windows every few seconds; by a clock that is doubted, nobody can say how full they are (I13). */
export function keepRotationWatch({ timeGuard, leadership, log, ...deps }: RotationWatchKeeping): {
  stop(): Promise<void>;
} {
  const checkWindows = createRotationWatch(deps);
  return startPeriodicTask({
    tick: whileLeading(leadership, async () => {
      timeGuard.requireSteadyTime();
      checkWindows();
    }),
    everyMs: 5_000,
    log,
    failure: 'windows not watched; it is tried again',
  });
}
