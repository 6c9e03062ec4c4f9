import type { Actor } from '../domain/access.ts';
import { takesTwoByNow } from '../domain/proposal-refusals.ts';
import type { Registry, ScopeAdministration } from '../domain/registry.ts';
import { type Scope, validateScope } from '../domain/scope.ts';
import { changedScope, type ScopeChange, scopeDifference } from '../domain/scope-change.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import { Turns } from './turns.ts';

export interface ScopeChangingParts {
  readonly registry: Pick<Registry, 'reviseScope'>;
  readonly keyRing: KeyRingKeeper;
}

/**
 * Changes policy, contacts and HSM token of a scope, one change after the other. Keys keep the window and the longest
 * lifetime that their binding records name: a wider policy is for keys made from now on.
 */
export function createScopeChanger({
  registry,
  keyRing,
}: ScopeChangingParts): Pick<ScopeAdministration, 'change'> {
  const turns = new Turns();
  return {
    change: (scopeId, change, actor) =>
      turns.take(async () => {
        const { after } = await registry.reviseScope(scopeId, (scope) => sound(scope, change, actor), actor);
        const { id, policy, contacts, hsmToken } = after;
        return keyRing.amend({ id, policy, contacts, hsmToken });
      }),
  };
}

function sound(scope: Scope, change: ScopeChange, { alone }: Actor): Scope {
  const changed = changedScope(scope, change);
  validateScope(changed);
  if (alone && scopeDifference(scope, changed).weakens.length > 0) throw takesTwoByNow();
  return changed;
}
