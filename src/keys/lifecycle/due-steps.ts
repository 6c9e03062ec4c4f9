import type { SigningKey } from '../../kernel/key.ts';
import { obstacle, type TransitionOptions } from '../../kernel/key-transitions.ts';
import { isOfTheFuture, privateKeyDueAt, rotationDueAt } from '../../kernel/key-window.ts';
import { propagationSeconds } from '../../kernel/policy.ts';
import { isPaused } from '../../kernel/scope.ts';
import { activeOf, isStandbyAway, type PlanContext, type ScopeKeys, standbyReadyAt } from './plans.ts';

/** What keeps a rotation from coming when it is due. */
export const ROTATION_OBSTACLES = ['paused', 'no_standby', 'standby_away', 'standby_too_new'] as const;
type RotationObstacle = (typeof ROTATION_OBSTACLES)[number];

/** When the key that signs is to be followed by the next. Times in seconds since the epoch. */
export interface RotationOutlook {
  readonly active: SigningKey;
  readonly dueAt: number;
  /** Of what will stand in the way when it is due, as things are; undefined where nothing will. */
  readonly obstacle: RotationObstacle | undefined;
  /** The first second in which it can come about by itself; null while there is no standby, or its token is away. */
  readonly at: number | null;
}

/** Undefined where no key can sign: then nothing waits for a time. */
export function rotationOutlook(
  of: ScopeKeys,
  { now, graceSeconds, renewedSince }: PlanContext,
): RotationOutlook | undefined {
  const active = activeOf(of);
  if (!active || isOfTheFuture(active, now)) return undefined;
  const scheduled = rotationDueAt(active, graceSeconds);
  const isOld = renewedSince !== undefined && active.createdAt <= renewedSince;
  const dueAt = isOld ? Math.min(scheduled, renewedSince) : scheduled;
  const readyAt = standbyReadyAt(of, now);
  const pausedUntil = isPaused(of.scope, now) ? (of.scope.rotationPause?.until ?? now) : undefined;
  const at = readyAt === null ? null : Math.max(dueAt, readyAt, (pausedUntil ?? dueAt - 1) + 1);
  const isAway = isStandbyAway(of, now);
  return { active, dueAt, obstacle: obstacleTo(Math.max(now, dueAt), readyAt, pausedUntil, isAway), at };
}

function obstacleTo(
  moment: number,
  readyAt: number | null,
  pausedUntil: number | undefined,
  isAway: boolean,
): RotationObstacle | undefined {
  if (pausedUntil !== undefined && moment <= pausedUntil) return 'paused';
  if (readyAt === null) return isAway ? 'standby_away' : 'no_standby';
  return moment < readyAt ? 'standby_too_new' : undefined;
}

/** What the service does by itself: to a scope, and to one key of it. */
const SUCCESSIONS = ['activate', 'rotate'] as const;
const KEY_STEPS = ['expire', 'destroy', 'withdraw'] as const;
export type Succession = (typeof SUCCESSIONS)[number];
export type KeyStep = (typeof KEY_STEPS)[number];

export type DueStep =
  | { readonly name: Succession }
  | { readonly name: 'standby'; readonly hsmToken: string }
  | { readonly name: KeyStep; readonly key: SigningKey };

/**
 * All that is due for a scope now, the most pressing first. Only the keys and the time decide: what a crash or an
 * outage kept from being done is due for as long as it is not.
 */
export function dueSteps(of: ScopeKeys, given: PlanContext): readonly DueStep[] {
  return [
    ...(succession(of, given) ?? []),
    ...(lacksStandby(of, given.now)
      ? [{ name: 'standby', hsmToken: standbyPlace(of, given.now) } as const]
      : []),
    ...KEY_STEPS.flatMap((name) =>
      of.keys
        .filter((key) => IS_DUE[name](key, { ...given, policy: of.scope.policy }))
        .map((key) => ({ name, key })),
    ),
  ];
}

/** Where no key can sign, the standby does at once; else when its time has come and every cache has it. */
function succession(of: ScopeKeys, given: PlanContext): readonly DueStep[] | undefined {
  const outlook = rotationOutlook(of, given);
  if (!outlook) return standbyReadyAt(of, given.now) === null ? undefined : [{ name: 'activate' }];
  const isTime = outlook.at !== null && outlook.at <= given.now;
  return isTime ? [{ name: 'rotate' }] : undefined;
}

/**
 * A standby whose own window closes before another could follow it is none, and neither is one that is missing from
 * the HSM, or not where it should be. One that fails its proof is there all the same: another would be no better on
 * that HSM.
 */
export function lacksStandby(of: ScopeKeys, now: number): boolean {
  return !of.keys.some(
    (key) =>
      key.state === 'pre_activation' &&
      isWellPlaced(of, key, now) &&
      now + spareSeconds(of) <= key.signUntil &&
      !isOfTheFuture(key, now) &&
      of.proofOf(key) !== 'missing',
  );
}

/** What making a key takes, with the time in which every cache learns of it. */
function spareSeconds({ scope: { policy } }: ScopeKeys): number {
  return Math.min(2 * propagationSeconds(policy), Math.floor(policy.cryptoperiodSeconds / 2));
}

/**
 * The HSM token that the next standby is made on. Of two, the one where the active key is not. Where that one is
 * compromised, or is away while time runs out, a standby beside the active key is better than none.
 */
export function standbyPlace(of: ScopeKeys, now: number): string {
  const { hsmToken, standbyToken } = of.scope;
  if (standbyToken === null) return hsmToken;
  const active = activeOf(of);
  const trusted = [hsmToken, standbyToken].filter((name) => !of.isTokenCompromised(name));
  const isPressing = !active || now + spareSeconds(of) > active.signUntil;
  const there = isPressing ? trusted.filter((name) => of.awaySeconds(name) === 0) : [];
  const places = there.length > 0 ? there : trusted;
  return places.find((name) => name !== active?.hsmToken) ?? places[0] ?? hsmToken;
}

/** Not beside the active key where it should be elsewhere, and not away where another could be made. */
function isWellPlaced(of: ScopeKeys, { hsmToken }: SigningKey, now: number): boolean {
  const place = standbyPlace(of, now);
  if (hsmToken === place) return true;
  if (of.awaySeconds(hsmToken) > 0 && of.awaySeconds(place) === 0) return false;
  return of.scope.standbyToken === null || hsmToken !== activeOf(of)?.hsmToken;
}

/**
 * Whether time alone makes the step due and nothing undoes it. What people ordered, a compromise or a destruction,
 * does not wait for the clock.
 */
export function isIrreversible(step: DueStep): boolean {
  return 'key' in step && (step.name !== 'destroy' || step.key.state === 'deactivated');
}

const IS_DUE: Readonly<Record<KeyStep, (key: SigningKey, circumstances: TransitionOptions) => boolean>> = {
  expire: (key, circumstances) =>
    key.state === 'pre_activation' && obstacle(key, 'deactivate', 'keyward', circumstances) === undefined,
  destroy: (key, { now, graceSeconds }) =>
    (privateKeyDueAt(key, graceSeconds) ?? Number.POSITIVE_INFINITY) <= now,
  withdraw: (key, circumstances) => obstacle(key, 'withdraw', 'keyward', circumstances) === undefined,
};
