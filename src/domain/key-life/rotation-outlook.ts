import type { SigningKey } from '../../kernel/key.ts';
import { isPaused } from '../rotation-pause.ts';
import { type PlanCircumstances, type ScopeKeys, standbyReadyAt } from '../../kernel/key-lifecycle/plans.ts';
import { isOfTheFuture, rotationDueAt } from '../../kernel/key-lifecycle/window.ts';

/** What keeps a rotation from coming when it is due. */
export const ROTATION_OBSTACLES = ['paused', 'no_standby', 'standby_too_new'] as const;
export type RotationObstacle = (typeof ROTATION_OBSTACLES)[number];

/** When the key that signs is to be followed by the next. Times in seconds since the epoch. */
export interface RotationOutlook {
  readonly active: SigningKey;
  readonly dueAt: number;
  /** Of what will stand in the way when it is due, as things are; undefined where nothing will. */
  readonly obstacle: RotationObstacle | undefined;
  /** The first second in which it can come about by itself; null while there is no standby. */
  readonly at: number | null;
}

/** Undefined where no key can sign: then nothing waits for a time. */
export function rotationOutlook(
  of: ScopeKeys,
  { now, graceSeconds, renewedSince }: PlanCircumstances,
): RotationOutlook | undefined {
  const active = of.keys.find(({ state }) => state === 'active');
  if (!active || isOfTheFuture(active, now)) return undefined;
  const scheduled = rotationDueAt(active, graceSeconds);
  const isOld = renewedSince !== undefined && active.createdAt <= renewedSince;
  const dueAt = isOld ? Math.min(scheduled, renewedSince) : scheduled;
  const readyAt = standbyReadyAt(of, now);
  const pausedUntil = isPaused(of.scope, now) ? (of.scope.rotationPause?.until ?? now) : undefined;
  const at = readyAt === null ? null : Math.max(dueAt, readyAt, (pausedUntil ?? dueAt - 1) + 1);
  return { active, dueAt, obstacle: obstacleTo(Math.max(now, dueAt), readyAt, pausedUntil), at };
}

function obstacleTo(
  moment: number,
  readyAt: number | null,
  pausedUntil: number | undefined,
): RotationObstacle | undefined {
  if (pausedUntil !== undefined && moment <= pausedUntil) return 'paused';
  if (readyAt === null) return 'no_standby';
  return moment < readyAt ? 'standby_too_new' : undefined;
}
