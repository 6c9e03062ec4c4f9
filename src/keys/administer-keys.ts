import type { KeySuspender } from '../kernel/activity.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { KeyState, KnownKeys, SigningKey } from '../kernel/key.ts';
import { type Initiator, mayMove, type TransitionOverrides } from '../kernel/key-transitions.ts';
import { isSpent } from '../kernel/key-window.ts';
import type { Registry } from '../kernel/registry.ts';
import type { Signer } from '../kernel/signer.ts';
import type { KeyActName, KeyActRequest, KeyAdministration, KeyOutcome } from './key-administration.ts';
import { type KeyChanges, keyAct, succession } from './key-changes.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import {
  type KeyPlan,
  type PlanContext,
  planCompromise,
  planDestruction,
  planPrivateKeyDue,
  planResumption,
  planRotation,
  planSuspension,
  planUndoneRotation,
  type ScopeKeys,
} from './lifecycle/plans.ts';
import { planTokenCompromise } from './lifecycle/token-compromise.ts';
import { serveProven } from './make-key.ts';

interface KeyAdministrationDeps {
  readonly registry: Pick<Registry, 'isReplicated'>;
  readonly changes: KeyChanges;
  readonly keyRing: KeyRingKeeper;
  readonly signer: Pick<Signer, 'serveAlso' | 'tokens'>;
  readonly clock: Clock;
  readonly graceSeconds: number;
  /** Told after each change, which does not wait for what follows from it. */
  readonly onChanged: (plan: Pick<KeyPlan, 'changes'>) => void;
}

type Given = PlanContext & Pick<TransitionOverrides, 'keepForForensics'>;

interface KeyActRule {
  readonly type: `key.${string}`;
  /** Commits with the HSM and every sink away. */
  readonly urgent: boolean;
  /** In this state there is nothing left to do. */
  readonly done?: KeyState;
  readonly plan: (of: ScopeKeys, kid: string, cause: Initiator, given: Given) => KeyPlan;
}

const ACTS: Readonly<Record<KeyActName, KeyActRule>> = {
  suspend: { type: 'key.suspended', urgent: true, done: 'suspended', plan: planSuspension },
  compromise: { type: 'key.compromised', urgent: true, done: 'compromised', plan: planCompromise },
  resume: { type: 'key.resumed', urgent: false, plan: planResumption },
  undo_rotation: { type: 'key.rotation_undone', urgent: false, plan: planUndoneRotation },
  destroy: {
    type: 'key.destruction_ordered',
    urgent: false,
    done: 'destroyed',
    plan: (of, kid, cause, given) =>
      isSpent(keyOf(of, kid)) ? planPrivateKeyDue(of, kid, given) : planDestruction(of, kid, cause, given),
  },
};

export function createKeyAdministration(deps: KeyAdministrationDeps): KeyAdministration {
  const { registry, changes, keyRing, clock, graceSeconds, onChanged } = deps;
  const given = () => ({ now: clock.nowSeconds(), graceSeconds });

  const planned = (of: ScopeKeys, request: Omit<KeyActRequest, 'why'>): KeyPlan => {
    const { act, kid, cause, keepForForensics = false } = request;
    const { done, plan } = ACTS[act];
    const key = keyOf(of, kid);
    if (key.state === done) return { changes: [], stopped: key, started: undefined };
    return plan(of, kid, cause, { ...given(), keepForForensics });
  };
  const preview: KeyAdministration['preview'] = (request) => planned(scopeOf(keyRing, request.kid), request);

  const told = <Plan extends Pick<KeyPlan, 'changes'>>(plan: Plan) => {
    if (plan.changes.length > 0) onChanged(plan);
    return { ...plan, replicated: registry.isReplicated() };
  };

  return {
    preview,

    async rotate(scopeId, why, cause, actor) {
      const { started, stopped, replicated } = told(
        await changes.applyUrgently({
          plan: (keys) => planRotation(keys.of(scopeId), cause, given()),
          act: (plan) => succession({ type: 'key.rotated', actor, why }, scopeId, plan),
        }),
      );
      return { activated: started ?? nothingHappened(), deactivated: stopped, replicated };
    },

    async perform(request, actor) {
      const { act: name, kid, why } = request;
      const { type, urgent } = ACTS[name];
      const { scope } = scopeOf(keyRing, kid);
      const { started } = preview(request);
      // Where the HSM has to make it sign again, it proves the key before anybody is told.
      if (started && !urgent) await serveProven(deps, [started]);
      const apply = urgent ? changes.applyUrgently : changes.apply;
      const plan = await apply({
        plan: (keys) => planned(keys.of(scope.id), request),
        act: (made) => keyAct({ type, actor, why }, kid, made),
      });
      return outcomeOf(kid, told(plan));
    },

    async compromiseToken({ hsmToken, why, keepForForensics }, actor) {
      const onIt = keyRing.scopes().some(({ id }) => holdsKeyOn(keyRing.scopeKeys(id)?.keys, hsmToken));
      if (!onIt && !deps.signer.tokens.includes(hsmToken)) {
        throw new KeywardError('unknown_hsm_token', `the configuration names no HSM token ${hsmToken}`);
      }
      return told(
        await changes.applyUrgently({
          plan: (keys) =>
            planTokenCompromise(keys.all(), hsmToken, 'operator', { ...given(), keepForForensics }),
          act: ({ compromised, started, waiting }) => ({
            type: 'hsm.compromised',
            actor,
            subject: `hsm:${hsmToken}`,
            details: {
              why,
              keys: compromised.length,
              promoted: started.map(({ kid }) => kid),
              waiting,
              kept_for_forensics: keepForForensics,
            },
          }),
        }),
      );
    },
  };
}

/** A token that was lost is named by the keys that were on it alone. */
function holdsKeyOn(keys: readonly SigningKey[] = [], hsmToken: string): boolean {
  return keys.some((key) => key.hsmToken === hsmToken);
}

function outcomeOf(kid: string, plan: KeyPlan & Pick<KeyOutcome, 'replicated'>): KeyOutcome {
  const { changes, stopped, started, replicated } = plan;
  const key = [stopped, started].find((candidate) => candidate?.kid === kid);
  return { key: key ?? nothingHappened(), promoted: started, already: changes.length === 0, replicated };
}

function scopeOf(keyRing: KeyRingKeeper, kid: string): ScopeKeys {
  const scopeId = keyRing.knownKey(kid)?.key.scopeId;
  return (scopeId === undefined ? undefined : keyRing.scopeKeys(scopeId)) ?? unknown(kid);
}

function keyOf({ keys }: ScopeKeys, kid: string): SigningKey {
  return keys.find((candidate) => candidate.kid === kid) ?? unknown(kid);
}

function unknown(kid: string): never {
  throw new KeywardError('unknown_key', `there is no key ${kid}; list them to see which there are`);
}

function nothingHappened(): never {
  throw new KeywardError('internal', 'a change of keys has changed none of those it was about');
}

/** For alarms, which may come late: a key that is out of use already is left as it is. */
export function createKeySuspender(
  keys: Pick<KeyAdministration, 'perform'>,
  known: Pick<KnownKeys, 'knownKey'>,
): KeySuspender {
  return {
    async suspend(kid, why, actor) {
      const key = known.knownKey(kid)?.key;
      if (!key || !mayMove(key, 'suspend')) return;
      await keys.perform({ act: 'suspend', kid, why, cause: 'keyward' }, actor);
    },
  };
}
