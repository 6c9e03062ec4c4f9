import type { Actor } from '../kernel/actor.ts';
import { takesTwoByNow } from '../kernel/acts.ts';
import type { Clock } from '../kernel/clock.ts';
import { type KeyRing, requireScope } from '../kernel/key.ts';
import type { Registry, ScopeAdministration } from '../kernel/registry.ts';
import {
  type RotationPause,
  type RotationPauses,
  type Scope,
  staleCacheHorizonAfter,
  validateRotationPause,
  validateScope,
} from '../kernel/scope.ts';
import { changedScope, type ScopeChange, scopeDifference } from '../kernel/scope-change.ts';
import { Mutex } from '../lib/mutex.ts';

interface ScopeChangingDeps {
  readonly registry: Pick<Registry, 'reviseScope'>;
  readonly keyRing: Pick<KeyRing, 'scope'>;
  readonly clock: Clock;
}

/**
 * Changes policy, contacts and HSM tokens of a scope, one change after the other. Keys keep the window and the longest
 * lifetime that their binding records name: a wider policy is for keys made from now on.
 */
export function createScopeChanger({
  registry,
  keyRing,
  clock,
}: ScopeChangingDeps): Pick<ScopeAdministration, 'change'> {
  const turns = new Mutex();
  return {
    change: (scopeId, change, actor) =>
      turns.runExclusive(async () => {
        const revise = (scope: Scope) =>
          withFormerCaches(scope, sound(scope, change, actor), clock.nowSeconds());
        await registry.reviseScope(scopeId, revise, actor);
        return requireScope(keyRing, scopeId);
      }),
  };
}

function sound(scope: Scope, change: ScopeChange, { alone }: Actor): Scope {
  const changed = changedScope(scope, change);
  validateScope(changed);
  if (alone && scopeDifference(scope, changed).weakens.length > 0) throw takesTwoByNow();
  return changed;
}

function withFormerCaches(before: Scope, after: Scope, now: number): Scope {
  return { ...after, staleCacheHorizon: staleCacheHorizonAfter(before, after.policy, now) };
}

/** As it was committed. */
interface RotationPausingDeps {
  readonly registry: Pick<Registry, 'setRotationPause'>;
  readonly keyRing: Pick<KeyRing, 'scope'>;
  readonly clock: Clock;
}

export function createRotationPauses({ registry, keyRing, clock }: RotationPausingDeps): RotationPauses {
  const turns = new Mutex();
  const set = (scopeId: string, rotationPause: RotationPause | null, actor: Actor) =>
    turns.runExclusive(async () => {
      await registry.setRotationPause(scopeId, rotationPause, actor);
      return requireScope(keyRing, scopeId);
    });
  const requireSound = (pause: RotationPause) => validateRotationPause(pause, clock.nowSeconds());
  return {
    requireSound,
    async pause(scopeId, pause, actor) {
      requireSound(pause);
      return set(scopeId, pause, actor);
    },
    resume: (scopeId, actor) => set(scopeId, null, actor),
  };
}
