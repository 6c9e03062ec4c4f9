import type { Actor } from '../domain/access.ts';
import type { AuditEvent } from '../domain/audit.ts';
import type { Clock } from '../domain/clock.ts';
import type { KeyState, SigningKey } from '../domain/key.ts';
import type { KeyTransition, Registry } from '../domain/registry.ts';
import type { Scope } from '../domain/scope.ts';
import type { KeySuspender, Suspension } from '../domain/suspension.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import { Turns } from './turns.ts';

export interface SuspendingParts {
  readonly registry: Pick<Registry, 'restrictKeys' | 'load'>;
  readonly keyRing: KeyRingKeeper;
  readonly clock: Clock;
  /** Told after each suspension, which does not wait for it: a new standby is wanted. */
  readonly onSuspended: (suspension: Suspension) => void;
}

const SUSPENDABLE: ReadonlySet<KeyState> = new Set(['active', 'pre_activation', 'deactivated']);

/** One suspension after the other, so that two alarms of one key promote one standby. Needs no HSM. */
export function createKeySuspender({ registry, keyRing, clock, onSuspended }: SuspendingParts): KeySuspender {
  const turns = new Turns();

  const suspend = async (kid: string, why: string, actor: Actor): Promise<Suspension | undefined> => {
    const key = keyRing.keyNamed(kid);
    const scope = key && keyRing.scope(key.scopeId);
    if (!key || !scope || !SUSPENDABLE.has(key.state)) return undefined;
    const suspended: SigningKey = { ...key, state: 'suspended' };
    const standby = key.state === 'active' ? standbyOf(keyRing, scope) : undefined;
    const promoted = standby && promote(standby, scope, clock.nowSeconds());
    const planned = promoted ? [suspended, promoted] : [suspended];
    const event = eventOf(actor, suspended, promoted, why);
    const commit = () => registry.restrictKeys(scope.id, planned.map(transitionOf), event);
    const changed = await commit().then(
      () => planned,
      (error: unknown) => committedBefore(suspended, error),
    );
    keyRing.change(scope.id, changed);
    const suspension = { suspended, promoted: changed.find(({ state }) => state === 'active') };
    onSuspended(suspension);
    return suspension;
  };

  /** An earlier attempt may have been committed though its answer was lost: then the registry says so. */
  const committedBefore = async ({ kid, scopeId }: SigningKey, error: unknown): Promise<SigningKey[]> => {
    const stored = new Map((await registry.load()).keys.map((key) => [key.kid, key]));
    if (stored.get(kid)?.state !== 'suspended') throw error;
    return keyRing.knownKeysOf(scopeId).map(({ key }) => {
      const { state, signFrom, signUntil } = stored.get(key.kid) ?? key;
      return { ...key, state, signFrom, signUntil };
    });
  };

  return { suspend: (kid, why, actor) => turns.take(() => suspend(kid, why, actor)) };
}

/** The newest that is proven: it is in every cache already. */
function standbyOf(keyRing: KeyRingKeeper, scope: Scope): SigningKey | undefined {
  return keyRing.keysOf(scope.id).find(({ state }) => state === 'pre_activation');
}

/** Published bounds only narrow: it signs for one cryptoperiod from now, and never beyond its own end. */
function promote(standby: SigningKey, { policy }: Scope, now: number): SigningKey {
  const signUntil = Math.min(standby.signUntil, now + policy.cryptoperiodSeconds);
  return { ...standby, state: 'active', signFrom: now, signUntil };
}

function transitionOf({ kid, state, signFrom, signUntil }: SigningKey): KeyTransition {
  return state === 'active' && signFrom !== null ? { kid, state, signFrom, signUntil } : { kid, state };
}

function eventOf(
  { operatorId, requestId }: Actor,
  { kid, scopeId }: SigningKey,
  promoted: SigningKey | undefined,
  why: string,
): AuditEvent {
  const details = { scope: scopeId, why, promoted: promoted?.kid ?? null };
  return { type: 'key.suspended', actor: operatorId, subject: `key:${kid}`, requestId, details };
}
