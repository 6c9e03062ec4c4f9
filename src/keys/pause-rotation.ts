import type { Actor } from '../kernel/actor.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Registry } from '../kernel/registry.ts';
import { type RotationPause, type RotationPauses, validateRotationPause } from '../domain/rotation-pause.ts';
import { Mutex } from '../lib/mutex.ts';
import type { KeyRingKeeper } from './key-ring.ts';

export interface RotationPausingParts {
  readonly registry: Pick<Registry, 'setRotationPause'>;
  readonly keyRing: Pick<KeyRingKeeper, 'updateScope'>;
  readonly clock: Clock;
}

export function createRotationPauses({ registry, keyRing, clock }: RotationPausingParts): RotationPauses {
  const turns = new Mutex();
  const set = (scopeId: string, rotationPause: RotationPause | null, actor: Actor) =>
    turns.runExclusive(async () => {
      await registry.setRotationPause(scopeId, rotationPause, actor);
      return keyRing.updateScope({ id: scopeId, rotationPause });
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
