import type { Actor } from '../domain/access.ts';
import type { Clock, TimeGuard } from '../domain/clock.ts';
import type { SigningKey } from '../domain/key.ts';
import { obstacle } from '../domain/key-life/move.ts';
import {
  type KeyPlan,
  type PlanCircumstances,
  planExpiry,
  planPrivateHalfDestroyed,
  planRotation,
  planWithdrawal,
  type ScopeKeys,
} from '../domain/key-life/plans.ts';
import { privateHalfDueAt } from '../domain/key-life/private-half.ts';
import type { Circumstances } from '../domain/key-life/transitions.ts';
import type { SecurityEventType } from '../domain/security-events.ts';
import type { Signer } from '../domain/signer.ts';
import type { StandbyKeeper } from './keep-standby.ts';
import type { KeyChanges } from './key-changes.ts';
import { keyEvent, successionEvent } from './key-event.ts';
import type { KeyRingKeeper } from './key-ring.ts';

/** One thing that the state of the keys says is still to be done. */
export interface Chore {
  /** The same for as long as it is the same chore. */
  readonly name: string;
  /** As an event names it, such as `key:<kid>`. */
  readonly subject: string;
  /** What is raised where it fails. */
  readonly failure: SecurityEventType;
  run(): Promise<void>;
}

export interface ChoreParts {
  readonly changes: KeyChanges;
  readonly keyRing: KeyRingKeeper;
  readonly standbys: StandbyKeeper;
  readonly signer: Pick<Signer, 'destroy' | 'serve'>;
  /** Keys that the signer was last asked to serve. */
  readonly served: () => ReadonlySet<string>;
  readonly clock: Clock;
  readonly timeGuard: TimeGuard;
  readonly graceSeconds: number;
}

export interface KeyChores {
  /** Those that take effect with the HSM away. */
  urgent(): readonly Chore[];
  /** Those that wait for it. */
  patient(): readonly Chore[];
}

const KEYWARD: Actor = { operatorId: 'keyward', requestId: null };

interface KeyChore {
  readonly name: string;
  readonly type: `key.${string}`;
  readonly why: string;
  readonly isDue: (key: SigningKey, circumstances: Circumstances) => boolean;
  /** What the HSM does before it becomes a fact; done twice, it finds nothing to do. */
  readonly inHsm?: (key: SigningKey, signer: Pick<Signer, 'destroy'>) => Promise<void>;
  readonly plan: (of: ScopeKeys, kid: string, given: PlanCircumstances) => KeyPlan;
}

const KEY_CHORES: readonly KeyChore[] = [
  {
    name: 'expire',
    type: 'key.deactivated',
    why: 'its signing window ended before it signed',
    isDue: (key, circumstances) =>
      key.state === 'pre_activation' && obstacle(key, 'deactivate', 'keyward', circumstances) === undefined,
    plan: (of, kid, given) => planExpiry(of, kid, 'keyward', given),
  },
  {
    name: 'destroy',
    type: 'key.private_half_destroyed',
    why: 'it serves no more',
    isDue: (key, { now, graceSeconds }) =>
      (privateHalfDueAt(key, graceSeconds) ?? Number.POSITIVE_INFINITY) <= now,
    inHsm: ({ kid, binding: { hsmId } }, signer) => signer.destroy({ hsmId, kid }),
    plan: planPrivateHalfDestroyed,
  },
  {
    name: 'withdraw',
    type: 'key.withdrawn',
    why: 'the last token that it could have signed has expired',
    isDue: (key, circumstances) => obstacle(key, 'withdraw', 'keyward', circumstances) === undefined,
    plan: (of, kid, given) => planWithdrawal(of, kid, 'keyward', given),
  },
];

/**
 * What follows from a change of keys, derived from the keys alone: whatever cuts a step short, their state still
 * says that it is to be done.
 */
export function createKeyChores(parts: ChoreParts): KeyChores {
  const { changes, keyRing, standbys, signer, served, clock, timeGuard, graceSeconds } = parts;
  const given = () => ({ now: clock.nowSeconds(), graceSeconds });
  const scopes = () => keyRing.scopes().flatMap(({ id }) => keyRing.scopeKeys(id) ?? []);

  /** A scope that lost its key without a standby signs again as soon as there is one. */
  const activation = (of: ScopeKeys): readonly Chore[] => {
    const { id } = of.scope;
    const signs = of.keys.some(({ state }) => state === 'active');
    if (signs || !of.keys.some((key) => key.state === 'pre_activation' && of.serves(key))) return [];
    const telling = { type: 'key.activated', actor: KEYWARD, why: 'no key signed for the scope' } as const;
    const run = async () => {
      timeGuard.requireSteadyTime();
      await changes.applyUrgently({
        plan: (keys) => planRotation(keys.of(id), 'keyward', given()),
        event: (plan) => successionEvent(telling, id, plan),
      });
    };
    return [{ name: `activate ${id}`, subject: `scope:${id}`, failure: 'key.change_unfinished', run }];
  };

  const standby = (id: string): Chore => ({
    name: `standby ${id}`,
    subject: `scope:${id}`,
    failure: 'key.standby_missing',
    run: async () => void (await standbys.provide(id, KEYWARD)),
  });

  /** The signer holds no key longer than it may sign. */
  const release = (): readonly Chore[] => {
    const references = keyRing.references();
    const wanted = new Set(references.map(({ kid }) => kid));
    if ([...served()].every((kid) => wanted.has(kid))) return [];
    const run = async () => keyRing.applyProofs(await signer.serve(references));
    return [{ name: 'release', subject: 'signer', failure: 'key.change_unfinished', run }];
  };

  const choreOf = ({ name, type, why, inHsm, plan }: KeyChore, key: SigningKey): Chore => ({
    name: `${name} ${key.kid}`,
    subject: `key:${key.kid}`,
    failure: 'key.change_unfinished',
    async run() {
      timeGuard.requireSteadyTime();
      await inHsm?.(key, signer);
      await changes.apply({
        plan: (keys) => plan(keys.of(key.scopeId), key.kid, given()),
        event: (planned) => keyEvent({ type, actor: KEYWARD, why }, planned),
      });
    },
  });

  const lived = ({ scope, keys }: ScopeKeys): readonly Chore[] =>
    KEY_CHORES.flatMap((chore) =>
      keys
        .filter((key) => chore.isDue(key, { ...given(), policy: scope.policy }))
        .map((key) => choreOf(chore, key)),
    );

  return {
    urgent: () => scopes().flatMap(activation),
    patient: () => [...release(), ...standbys.lacking().map(standby), ...scopes().flatMap(lived)],
  };
}
