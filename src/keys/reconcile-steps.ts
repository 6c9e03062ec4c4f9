import { KEYWARD } from '../kernel/actor.ts';
import type { Clock, SettledTime, TimeGuard } from '../kernel/clock.ts';
import type { SigningKey } from '../kernel/key.ts';
import type { Leadership } from '../kernel/registry.ts';
import type { Signer } from '../kernel/signer.ts';
import type { KeyedMutex } from '../lib/mutex.ts';
import type { StandbyKeeper } from './keep-standby.ts';
import { type KeyChanges, keyAct, succession as successionOf } from './key-changes.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import { DueAhead } from './lifecycle/due-ahead.ts';
import { type DueStep, isIrreversible, type KeyStep, type Succession } from './lifecycle/due-steps.ts';
import { planFailover, tokensToLeave } from './lifecycle/failover.ts';
import {
  type KeyPlan,
  type PlanContext,
  planExpiry,
  planPrivateKeyDestroyed,
  planRotation,
  planWithdrawal,
  type ScopeKeys,
} from './lifecycle/plans.ts';
import type { Served } from './load-ring.ts';

/** One thing that the state of the keys says is still to be done. */
export interface ReconcileStep {
  /** The same for as long as it is the same step. */
  readonly name: string;
  /** As an event names it, such as `key:<kid>`. */
  readonly subject: string;
  /** What is raised where it fails. */
  readonly failure: 'key.standby_missing' | 'key.change_unfinished';
  /** It concerns this process's own signer, whichever process leads. */
  readonly isOwn?: true;
  run(): Promise<void>;
}

interface ReconcileDeps {
  readonly changes: KeyChanges;
  readonly keyRing: KeyRingKeeper;
  readonly standbys: StandbyKeeper;
  readonly signer: Pick<Signer, 'destroy' | 'serveAlso' | 'release'>;
  readonly served: Served;
  /** Shared by all that make keys. */
  readonly turns: KeyedMutex;
  readonly leadership: Pick<Leadership, 'hadOthers'>;
  readonly clock: Clock;
  readonly timeGuard: TimeGuard & SettledTime;
  readonly graceSeconds: number;
  /** How long an HSM token is away before standbys elsewhere sign for its scopes; 0 for never. */
  readonly failoverSeconds: number;
  /** The end of the last gap in the records, where there is one: no key from before it goes on signing. */
  readonly renewedSince?: () => number | undefined;
}

interface ReconcileSteps {
  /** Those that take effect with the HSM away. */
  immediate(): readonly ReconcileStep[];
  /** Those that wait for that HSM token: nobody waits for another's. */
  deferred(hsmToken: string): readonly ReconcileStep[];
}

interface StepPlan {
  readonly type: `key.${string}`;
  readonly why: string;
  /** What the HSM does before it becomes a fact; done twice, it finds nothing to do. */
  readonly inHsm?: (key: SigningKey, signer: Pick<Signer, 'destroy'>) => Promise<void>;
  readonly plan: (of: ScopeKeys, kid: string, given: PlanContext) => KeyPlan;
}

const STEP_PLANS: Readonly<Record<KeyStep, StepPlan>> = {
  expire: {
    type: 'key.deactivated',
    why: 'its signing window ended before it signed',
    plan: (of, kid, given) => planExpiry(of, kid, 'keyward', given),
  },
  destroy: {
    type: 'key.private_half_destroyed',
    why: 'it serves no more',
    inHsm: ({ kid, hsmToken, bindingRecord, binding: { hsmId } }, signer) =>
      signer.destroy({ hsmToken, hsmId, kid, bindingRecord }),
    plan: planPrivateKeyDestroyed,
  },
  withdraw: {
    type: 'key.withdrawn',
    why: 'the last token that it could have signed has expired',
    plan: (of, kid, given) => planWithdrawal(of, kid, 'keyward', given),
  },
};

/** Whoever has not followed by then vouches for nothing; with a second for the rounding of times. */
const FOLLOWED_SECONDS = 6;

const SUCCESSIONS: Readonly<Record<Succession, Pick<StepPlan, 'type' | 'why'>>> = {
  activate: { type: 'key.activated', why: 'no key signed for the scope' },
  rotate: { type: 'key.rotated', why: 'scheduled' },
};

/**
 * What follows from the state of the keys and the time, and from nothing else: whatever cuts a step short, it is
 * still to be done.
 */
export function createReconcileSteps(deps: ReconcileDeps): ReconcileSteps {
  const { changes, keyRing, standbys, signer, served, turns, leadership, clock, timeGuard } = deps;
  const { graceSeconds, failoverSeconds, renewedSince } = deps;
  const given = () => ({ now: clock.nowSeconds(), graceSeconds, renewedSince: renewedSince?.() });
  const all = () => keyRing.scopes().flatMap(({ id }) => keyRing.scopeKeys(id) ?? []);
  /** What nothing undoes waits until the time has settled (I13). */
  const mayCome = (step: DueStep) => !isIrreversible(step) || timeGuard.isSettled();
  /** Other fronts sign with a key until they have followed; where it is gone by then, they have to replace their signers. */
  const isFollowed = (step: DueStep) =>
    step.name !== 'destroy' ||
    !leadership.hadOthers ||
    !isChangedWithin(step.key, FOLLOWED_SECONDS, clock.nowSeconds());
  const ahead = new DueAhead();
  const due = (scopes = all()) => {
    const context = given();
    return scopes.flatMap((of) =>
      ahead
        .steps(of, context)
        .filter((step) => mayCome(step) && isFollowed(step))
        .map((step) => ({ scopeId: of.scope.id, step })),
    );
  };

  /** Dated by a clock that is doubted, nothing is done (I13). */
  const dated = (run: () => Promise<unknown>) => async () => {
    timeGuard.requireSteadyTime();
    await run();
  };

  const succession = (name: Succession, scopeId: string): ReconcileStep => {
    const { type, why } = SUCCESSIONS[name];
    const run = () =>
      changes.applyUrgently({
        plan: (keys) => planRotation(keys.of(scopeId), 'keyward', given()),
        act: (plan) => successionOf({ type, actor: KEYWARD, why }, scopeId, plan),
      });
    return {
      name: `${name} ${scopeId}`,
      subject: `scope:${scopeId}`,
      failure: 'key.change_unfinished',
      run: dated(run),
    };
  };

  /** For all scopes of the token at once, unless it came back: a key that was followed by then is not in the plan. */
  const failover = (hsmToken: string): ReconcileStep => ({
    name: `failover ${hsmToken}`,
    subject: `hsm:${hsmToken}`,
    failure: 'key.change_unfinished',
    run: dated(() =>
      changes.applyUrgently({
        plan: (keys) => planFailover(keys.all(), hsmToken, failoverSeconds, given()),
        act: ({ started, waiting }) => ({
          type: 'hsm.failed_over',
          actor: KEYWARD,
          subject: `hsm:${hsmToken}`,
          details: {
            why: `away for ${failoverSeconds} seconds`,
            promoted: started.map(({ kid }) => kid),
            waiting,
          },
        }),
      }),
    ),
  });

  const standby = (scopeId: string): ReconcileStep => ({
    name: `standby ${scopeId}`,
    subject: `scope:${scopeId}`,
    failure: 'key.standby_missing',
    run: dated(() => standbys.provide(scopeId, KEYWARD)),
  });

  const stepOf = (name: KeyStep, key: SigningKey): ReconcileStep => {
    const { type, why, inHsm, plan } = STEP_PLANS[name];
    const run = async () => {
      // Nothing that cannot be undone follows from a word that the registry key has not signed.
      if (inHsm) await changes.signed();
      await inHsm?.(key, signer);
      await changes.apply({
        plan: (keys) => plan(keys.of(key.scopeId), key.kid, given()),
        act: (planned) => keyAct({ type, actor: KEYWARD, why }, key.kid, planned),
      });
    };
    return {
      name: `${name} ${key.kid}`,
      subject: `key:${key.kid}`,
      failure: 'key.change_unfinished',
      run: dated(run),
    };
  };

  const servedOtherwise = (hsmToken: string) => {
    const held = served().get(hsmToken);
    if (!held) return { surplus: [], lacking: [] };
    const wanted = keyRing.references().filter((key) => key.hsmToken === hsmToken);
    const ids = new Set(wanted.map(({ hsmId }) => hsmId));
    return {
      surplus: [...held].filter((hsmId) => !ids.has(hsmId)),
      lacking: wanted.filter(({ hsmId }) => !held.has(hsmId)),
    };
  };

  /** The signer holds no key longer than it may sign, and each that may. */
  const load = (hsmToken: string): readonly ReconcileStep[] => {
    const { surplus, lacking } = servedOtherwise(hsmToken);
    if (surplus.length + lacking.length === 0) return [];
    const run = () =>
      turns.runExclusive(hsmToken, async () => {
        // A key that is being made is with the signer before it is in the ring: by now it may be in both.
        const { surplus, lacking } = servedOtherwise(hsmToken);
        if (surplus.length > 0) await signer.release(surplus, hsmToken);
        if (lacking.length > 0) keyRing.applyProofs(await signer.serveAlso(lacking, hsmToken));
      });
    const subject = `hsm:${hsmToken}`;
    return [{ name: `load ${hsmToken}`, subject, failure: 'key.change_unfinished', isOwn: true, run }];
  };

  return {
    immediate: () => {
      const scopes = all();
      return [
        ...due(scopes).flatMap(({ scopeId, step }) =>
          isSuccession(step) ? [succession(step.name, scopeId)] : [],
        ),
        ...tokensToLeave(scopes, failoverSeconds, given()).map(failover),
      ];
    },
    deferred: (hsmToken) => [
      ...load(hsmToken),
      ...due().flatMap(({ scopeId, step }) => {
        if ('key' in step) return step.key.hsmToken === hsmToken ? [stepOf(step.name, step.key)] : [];
        const isHere = step.name === 'standby' && step.hsmToken === hsmToken;
        return isHere ? [standby(scopeId)] : [];
      }),
    ],
  };
}

/** Changes that are dated later than now say nothing. */
function isChangedWithin({ times }: SigningKey, seconds: number, now: number): boolean {
  return Object.values(times).some((at) => at !== null && at <= now && now < at + seconds);
}

function isSuccession(step: DueStep): step is { readonly name: Succession } {
  return step.name in SUCCESSIONS;
}
