import { isDeepStrictEqual } from 'node:util';
import type { Actor } from '../kernel/actor.ts';
import { actOf } from '../kernel/audit.ts';
import { KeywardError } from '../kernel/errors.ts';
import { takesTwoByNow } from '../kernel/proposal-refusals.ts';
import type { Registry } from '../kernel/registry.ts';
import type { RotationPause } from '../kernel/scope.ts';
import { settling } from './proposals.ts';
import { scopeFromRow, scopeToRow } from './scope-row.ts';
import type { RegistryChanges } from './signed/registry-changes.ts';
import { put } from './signed/tables.ts';
import type { RegistryView } from './signed/trusted-registry.ts';

export function rotationPauses(changes: RegistryChanges): Pick<Registry, 'setRotationPause'> {
  return {
    async setRotationPause(scopeId, pause, actor) {
      // An earlier change may have been committed though its answer was lost.
      await changes.settle();
      const { rotationPause: before } = readyScope(changes.view, scopeId);
      if (isDeepStrictEqual(before, pause)) return;
      if (pause && actor.alone) throw takesTwoByNow();
      await changes.change(
        eventOf(scopeId, before, pause, actor),
        settling(actor, (registry) => [
          put('scopes', scopeToRow({ ...readyScope(registry, scopeId), rotationPause: pause }, 'ready')),
        ]),
      );
    },
  };
}

function eventOf(scopeId: string, before: RotationPause | null, pause: RotationPause | null, actor: Actor) {
  const type = pause ? 'rotation.paused' : 'rotation.resumed';
  return actOf(actor, type, `scope:${scopeId}`, { was: before, is: pause });
}

function readyScope(registry: RegistryView, scopeId: string) {
  const row = registry.row('scopes', scopeId);
  if (row?.state === 'ready') return scopeFromRow(row);
  throw new KeywardError('unknown_scope', 'there is no scope of this id');
}
