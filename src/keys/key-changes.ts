import { isDeepStrictEqual } from 'node:util';
import type { AuditEvent } from '../domain/audit.ts';
import { KeywardError } from '../domain/errors.ts';
import type { KeyPlan, ScopeKeys } from '../domain/key-life/plans.ts';
import type { Registry } from '../domain/registry.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import { Turns } from './turns.ts';

export interface KeyChangingParts {
  readonly registry: Pick<Registry, 'changeKeys' | 'restrictKeys' | 'load'>;
  readonly keyRing: KeyRingKeeper;
}

/** One change of one scope's keys: planned on the keys as they are, and committed with its event. */
export interface IntendedChange<Plan extends Pick<KeyPlan, 'changes'>> {
  /** Pure: it is asked again where the keys changed in between. What it throws is the answer. */
  readonly plan: (of: ScopeKeys) => Plan;
  readonly event: (plan: Plan) => AuditEvent;
}

/** The one way for keys in the ring and in the registry to become something else. */
export interface KeyChanges {
  /** Waits for the registry key's signature; `hsm_unavailable` where more than restricts is wanted without it. */
  apply<Plan extends Pick<KeyPlan, 'changes'>>(scopeId: string, change: IntendedChange<Plan>): Promise<Plan>;
  /** Only what restricts, with the HSM away too; never behind a change that waits for it. */
  applyUrgently<Plan extends Pick<KeyPlan, 'changes'>>(
    scopeId: string,
    change: IntendedChange<Plan>,
  ): Promise<Plan>;
}

const ATTEMPTS = 3;

/** In turn, each on what the one before it left; what is urgent has turns of its own. */
export function createKeyChanges({ registry, keyRing }: KeyChangingParts): KeyChanges {
  const [turns, urgentTurns] = [new Turns(), new Turns()];

  const attempt = async <Plan extends Pick<KeyPlan, 'changes'>>(
    scopeId: string,
    { plan, event }: IntendedChange<Plan>,
    commit: Registry['changeKeys'],
  ): Promise<Plan> => {
    for (let attempts = 1; ; attempts += 1) {
      const planned = plan(scopeKeys(keyRing, scopeId));
      if (planned.changes.length === 0) return planned;
      try {
        await commit(scopeId, planned.changes, event(planned));
      } catch (error) {
        if (!isOvertaken(error) || attempts === ATTEMPTS) throw error;
        await refresh(scopeId);
        continue;
      }
      keyRing.change(
        scopeId,
        planned.changes.map(({ after }) => after),
      );
      return planned;
    }
  };

  /** Takes over what was committed by others, or by an attempt whose answer was lost. */
  const refresh = async (scopeId: string): Promise<void> => {
    const stored = new Map((await registry.load()).keys.map((key) => [key.kid, key]));
    const changed = scopeKeys(keyRing, scopeId).keys.flatMap((key) => {
      const found = stored.get(key.kid);
      if (!found) return [];
      const { state, signFrom, signUntil, times, keptForForensics } = found;
      const current = { ...key, state, signFrom, signUntil, times, keptForForensics };
      return isDeepStrictEqual(current, key) ? [] : [current];
    });
    if (changed.length > 0) keyRing.change(scopeId, changed);
  };

  return {
    apply: (scopeId, change) => turns.take(() => attempt(scopeId, change, registry.changeKeys)),
    applyUrgently: (scopeId, change) =>
      urgentTurns.take(() => attempt(scopeId, change, registry.restrictKeys)),
  };
}

function scopeKeys(keyRing: KeyRingKeeper, scopeId: string): ScopeKeys {
  const found = keyRing.scopeKeys(scopeId);
  if (found) return found;
  throw new KeywardError('unknown_scope', 'there is no scope of this id');
}

function isOvertaken(error: unknown): boolean {
  return error instanceof KeywardError && error.code === 'key_changed';
}
