import type { Clock } from '../domain/clock.ts';
import { KeywardError } from '../domain/errors.ts';
import type { KeyState, SigningKey } from '../domain/key.ts';
import type { KeyAdministration, KeyOutcome } from '../domain/key-administration.ts';
import {
  type KeyPlan,
  planCompromise,
  planDestruction,
  planPrivateHalfDue,
  planResumption,
  planRotation,
  planSuspension,
  planUndoneRotation,
  type ScopeKeys,
} from '../domain/key-life/plans.ts';
import { isSpent } from '../domain/key-life/private-half.ts';
import type { Signer } from '../domain/signer.ts';
import type { IntendedChange, KeyChanges } from './key-changes.ts';
import { keyEvent, successionEvent, type Telling } from './key-event.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import { serveWith } from './serve-with.ts';

export interface KeyAdministrationParts {
  readonly changes: KeyChanges;
  readonly keyRing: KeyRingKeeper;
  readonly signer: Pick<Signer, 'serve'>;
  readonly clock: Clock;
  readonly graceSeconds: number;
  /** Told after each change, which does not wait for what follows from it. */
  readonly onChanged: (plan: KeyPlan) => void;
}

export function createKeyAdministration(parts: KeyAdministrationParts): KeyAdministration {
  const { changes, keyRing, clock, graceSeconds, onChanged } = parts;
  const given = () => ({ now: clock.nowSeconds(), graceSeconds });

  /** One key of whatever scope; where it is in state `wanted` already, nothing changes. */
  const changeOf = (
    kid: string,
    telling: Telling,
    plan: (of: ScopeKeys) => KeyPlan,
    wanted?: KeyState,
  ): IntendedChange<KeyPlan> => {
    const { scopeId } = keyRing.knownKey(kid)?.key ?? unknown(kid);
    return {
      plan: (keys) => {
        const of = keys.of(scopeId);
        const key = keyOf(of, kid);
        return key.state === wanted ? { changes: [], stopped: key, started: undefined } : plan(of);
      },
      event: (planned) => keyEvent(telling, planned),
    };
  };

  const done = (plan: KeyPlan): KeyOutcome => {
    const { changes: changed, stopped, started } = plan;
    const key = stopped ?? started;
    if (!key) throw new KeywardError('internal', 'a change of a key was about none');
    if (changed.length > 0) onChanged(plan);
    return { key, promoted: started, already: changed.length === 0 };
  };

  return {
    async rotate(scopeId, why, cause, actor) {
      const plan = await changes.applyUrgently({
        plan: (keys) => planRotation(keys.of(scopeId), cause, given()),
        event: (planned) => successionEvent({ type: 'key.rotated', actor, why }, scopeId, planned),
      });
      const { promoted, key } = done(plan);
      return { activated: promoted ?? key, deactivated: plan.stopped };
    },

    async suspend(kid, why, cause, actor) {
      const telling = { type: 'key.suspended', actor, why } as const;
      const plan = (of: ScopeKeys) => planSuspension(of, kid, cause, given());
      return done(await changes.applyUrgently(changeOf(kid, telling, plan, 'suspended')));
    },

    async compromise(kid, { why, keepForForensics }, actor) {
      const telling = { type: 'key.compromised', actor, why } as const;
      const plan = (of: ScopeKeys) => planCompromise(of, kid, 'operator', { ...given(), keepForForensics });
      return done(await changes.applyUrgently(changeOf(kid, telling, plan, 'compromised')));
    },

    async resume(kid, why, actor) {
      const telling = { type: 'key.resumed', actor, why } as const;
      const plan = (of: ScopeKeys) => planResumption(of, kid, 'two_persons', given());
      return done(await changes.apply(changeOf(kid, telling, plan)));
    },

    async undoRotation(kid, why, actor) {
      const { scopeId } = keyRing.knownKey(kid)?.key ?? unknown(kid);
      const plan = (of: ScopeKeys) => planUndoneRotation(of, kid, 'two_persons', given());
      const of = keyRing.scopeKeys(scopeId) ?? unknown(kid);
      const { started } = plan(of);
      // The HSM proves the key once more before anybody is told that it signs.
      if (started) await serveWith(parts, started.hsmToken, [started]);
      const telling = { type: 'key.rotation_undone', actor, why } as const;
      return done(
        await changes.apply({
          plan: (keys) => plan(keys.of(scopeId)),
          event: (planned) => successionEvent(telling, scopeId, planned),
        }),
      );
    },

    async destroy(kid, why, actor) {
      const telling = { type: 'key.destruction_ordered', actor, why } as const;
      const plan = (of: ScopeKeys) =>
        isSpent(keyOf(of, kid))
          ? planPrivateHalfDue(of, kid, given())
          : planDestruction(of, kid, 'two_persons', given());
      return done(await changes.apply(changeOf(kid, telling, plan, 'destroyed')));
    },
  };
}

function keyOf({ keys }: ScopeKeys, kid: string): SigningKey {
  return keys.find((candidate) => candidate.kid === kid) ?? unknown(kid);
}

function unknown(kid: string): never {
  throw new KeywardError('unknown_key', `there is no key ${kid}; list them to see which there are`);
}
