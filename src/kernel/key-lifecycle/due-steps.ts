import type { SigningKey } from '../key.ts';
import { propagationSeconds } from '../policy.ts';
import { obstacle } from '../../domain/key-life/move.ts';
import { type PlanCircumstances, type ScopeKeys, standbyReadyAt } from './plans.ts';
import { privateHalfDueAt } from '../../domain/key-life/private-half.ts';
import { rotationOutlook } from '../../domain/key-life/rotation-outlook.ts';
import type { TransitionOptions } from './transitions.ts';
import { isOfTheFuture } from './window.ts';

/** What the service does by itself: to a scope, and to one key of it. */
export const SCOPE_STEPS = ['activate', 'rotate', 'standby'] as const;
export const KEY_STEPS = ['expire', 'destroy', 'withdraw'] as const;
export type ScopeStep = (typeof SCOPE_STEPS)[number];
export type KeyStep = (typeof KEY_STEPS)[number];

export type DueStep = { readonly name: ScopeStep } | { readonly name: KeyStep; readonly key: SigningKey };

/**
 * All that is due for a scope now, the most pressing first. Only the keys and the time decide: what a crash or an
 * outage kept from being done is due for as long as it is not.
 */
export function dueSteps(of: ScopeKeys, given: PlanCircumstances): readonly DueStep[] {
  return [
    ...(succession(of, given) ?? []),
    ...(lacksStandby(of, given.now) ? [{ name: 'standby' } as const] : []),
    ...KEY_STEPS.flatMap((name) =>
      of.keys
        .filter((key) => IS_DUE[name](key, { ...given, policy: of.scope.policy }))
        .map((key) => ({ name, key })),
    ),
  ];
}

/** Where no key can sign, the standby does at once; else when its time has come and every cache has it. */
function succession(of: ScopeKeys, given: PlanCircumstances): readonly DueStep[] | undefined {
  const outlook = rotationOutlook(of, given);
  if (!outlook) return standbyReadyAt(of, given.now) === null ? undefined : [{ name: 'activate' }];
  const isTime = outlook.at !== null && outlook.at <= given.now;
  return isTime ? [{ name: 'rotate' }] : undefined;
}

/**
 * A standby whose own window closes before another could follow it is none, and neither is one that is missing from
 * the HSM. One that fails its proof is there all the same: another would be no better on that HSM.
 */
export function lacksStandby({ scope: { policy }, keys, proofOf }: ScopeKeys, now: number): boolean {
  const spare = Math.min(2 * propagationSeconds(policy), Math.floor(policy.cryptoperiodSeconds / 2));
  return !keys.some(
    (key) =>
      key.state === 'pre_activation' &&
      now + spare <= key.signUntil &&
      !isOfTheFuture(key, now) &&
      proofOf(key) !== 'missing',
  );
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
    (privateHalfDueAt(key, graceSeconds) ?? Number.POSITIVE_INFINITY) <= now,
  withdraw: (key, circumstances) => obstacle(key, 'withdraw', 'keyward', circumstances) === undefined,
};
