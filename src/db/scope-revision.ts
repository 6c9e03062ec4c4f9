import { isDeepStrictEqual } from 'node:util';
import type { Actor } from '../kernel/actor.ts';
import { takesTwoByNow } from '../kernel/acts.ts';
import { actOf } from '../kernel/audit.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { Registry } from '../kernel/registry.ts';
import type { RotationPause, Scope } from '../kernel/scope.ts';
import { changesKeySet, isUnchanged, scopeDifference } from '../kernel/scope-change.ts';
import { scopeFromRow, scopeToRow } from './scope-row.ts';
import { type RegistryChanges, settling } from './signed/registry-changes.ts';
import { inconsistent, put, type RowChange } from './signed/tables.ts';
import type { RegistryView } from './signed/trusted-registry.ts';

export function scopeRevision(changes: RegistryChanges): Pick<Registry, 'reviseScope'> {
  return {
    async reviseScope(scopeId, revise, actor) {
      // An earlier change may have been committed though its answer was lost.
      await changes.settle();
      const before = readyScope(changes.view, scopeId);
      const revised = { ...before, ...revise(before) };
      const difference = scopeDifference(before, revised);
      if (isUnchanged(difference)) return { before, after: before };
      const act = actOf(actor, 'scope.changed', `scope:${scopeId}`, { ...difference });
      await changes.change(
        act,
        settling(actor, (registry) => revision(registry, before, revised)),
      );
      return { before, after: revised };
    },
  };
}

function readyScope(registry: RegistryView, scopeId: string): Scope {
  const row = registry.row('scopes', scopeId);
  if (row?.state === 'ready') return scopeFromRow(row);
  throw new KeywardError('unknown_scope', 'there is no scope of this id');
}

/** The version is counted from the row: keys of the scope may have changed meanwhile. */
function revision(registry: RegistryView, before: Scope, revised: Scope): RowChange[] {
  const current = readyScope(registry, before.id);
  if (!isUnchanged(scopeDifference(before, current))) {
    throw inconsistent(`scope ${before.id} was changed by someone else`);
  }
  const { policy, contacts, hsmToken, standbyToken, staleCacheHorizon } = revised;
  const keySetVersion = current.keySetVersion + (changesKeySet(before, revised) ? 1 : 0);
  const placed = { hsmToken, standbyToken };
  const changed = { ...current, ...placed, policy, contacts, staleCacheHorizon, keySetVersion };
  return [put('scopes', scopeToRow(changed, 'ready'))];
}

export function rotationPauses(changes: RegistryChanges): Pick<Registry, 'setRotationPause'> {
  return {
    async setRotationPause(scopeId, pause, actor) {
      // An earlier change may have been committed though its answer was lost.
      await changes.settle();
      const { rotationPause: before } = readyScope(changes.view, scopeId);
      if (isDeepStrictEqual(before, pause)) return;
      if (pause && actor.alone) throw takesTwoByNow();
      await changes.change(
        pauseEvent(scopeId, before, pause, actor),
        settling(actor, (registry) => [
          put('scopes', scopeToRow({ ...readyScope(registry, scopeId), rotationPause: pause }, 'ready')),
        ]),
      );
    },
  };
}

function pauseEvent(
  scopeId: string,
  before: RotationPause | null,
  pause: RotationPause | null,
  actor: Actor,
) {
  const type = pause ? 'rotation.paused' : 'rotation.resumed';
  return actOf(actor, type, `scope:${scopeId}`, { was: before, is: pause });
}
