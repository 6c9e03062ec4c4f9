import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { KEY_STATES, type SigningKey, verifyUntil } from '../../../src/kernel/key.ts';
import { CAUSES, type Initiator } from '../../../src/kernel/key-transitions.ts';
import { privateKeyDestroyed, privateKeyDueAt } from '../../../src/kernel/key-window.ts';
import {
  type KeyPlan,
  planCompromise,
  planDestruction,
  planExpiry,
  planResumption,
  planRotation,
  planSuspension,
  planUndoneRotation,
  planWithdrawal,
  type ScopeKeys,
} from '../../../src/keys/lifecycle/plans.ts';
import { aKey, GRACE, NOW, POLICY, within } from '../keys/lifecycle/keys.ts';

interface Given {
  readonly now: number;
  readonly graceSeconds: number;
}
type Planner = (of: ScopeKeys, kid: string, cause: Initiator, given: Given) => KeyPlan;

const PLANNERS: Readonly<Record<string, Planner>> = {
  rotate: (of, _, cause, given) => planRotation(of, cause, given),
  undo: planUndoneRotation,
  suspend: planSuspension,
  compromise: planCompromise,
  resume: planResumption,
  destroy: planDestruction,
  withdraw: planWithdrawal,
  expire: planExpiry,
};

/** One scope through a history, with what anybody could ever have seen of each key. */
class World {
  now = NOW;
  keys: SigningKey[] = [];
  made = 0;

  constructor() {
    this.makeStandby();
    this.makeStandby();
  }

  makeStandby(): void {
    const signUntil = this.now + 2 * POLICY.cryptoperiodSeconds;
    const born = { signUntil, publishedAt: this.now, createdAt: this.now };
    const key = aKey(this.made, 'pre_activation', born);
    this.keys.unshift({ ...key, binding: { ...key.binding, signFrom: this.now } });
    this.made += 1;
  }

  act(name: string, which: number, cause: Initiator): void {
    const planner = PLANNERS[name];
    if (!planner) throw new Error(`no plan is called ${name}`);
    const kid = this.keys[which % this.keys.length]?.kid ?? '';
    const before = this.keys;
    try {
      const plan = planner(within(...before), kid, cause, { now: this.now, graceSeconds: GRACE });
      this.replace(plan.changes.map(({ after }) => after));
    } catch (error) {
      if (!(error instanceof KeywardError)) throw error;
      expect(['transition_forbidden', 'no_standby']).toContain(error.code);
    }
  }

  /** What the HSM is told to do, whenever it is there. */
  destroyDue(): void {
    const due = this.keys.filter(
      (key) => (privateKeyDueAt(key, GRACE) ?? Number.POSITIVE_INFINITY) <= this.now,
    );
    this.replace(due.map((key) => privateKeyDestroyed(key, this.now)));
  }

  replace(changed: readonly SigningKey[]): void {
    const byKid = new Map(changed.map((key) => [key.kid, key]));
    const before = this.keys;
    this.keys = before.map((key) => byKid.get(key.kid) ?? key);
    for (const [at, key] of before.entries()) refuseWrongTurn(key, this.keys[at] ?? key);
  }
}

function refuseWrongTurn(before: SigningKey, after: SigningKey): void {
  const skew = POLICY.clockSkewSeconds;
  expect(after.publishedAt).toBe(before.publishedAt);
  expect(after.signUntil).toBeLessThanOrEqual(before.signUntil);
  expect(verifyUntil(after, skew)).toBeLessThanOrEqual(verifyUntil(before, skew));
  if (before.signFrom !== null) expect(after.signFrom).toBe(before.signFrom);
  if (before.state === 'compromised') expect(after.state).toBe('compromised');
  if (before.state === 'destroyed') expect(after.state).toBe('destroyed');
  if (before.times.privateKeyDestroyed !== null) expect(after.state).not.toBe('active');
  if (before.state !== 'pre_activation') expect(after.state).not.toBe('pre_activation');
}

function refuseWrongWorld({ keys, now }: World): void {
  const active = keys.filter(({ state }) => state === 'active');
  expect(active.length).toBeLessThanOrEqual(1);
  for (const key of active) {
    const { binding, signFrom, signUntil } = key;
    expect(signFrom).not.toBeNull();
    expect(signFrom).toBeLessThanOrEqual(now);
    expect(signFrom ?? 0).toBeGreaterThanOrEqual(binding.signFrom);
    expect(signUntil).toBeLessThanOrEqual(binding.signUntil);
    expect(signUntil - (signFrom ?? 0)).toBeLessThanOrEqual(POLICY.cryptoperiodSeconds);
    expect(key.times.privateKeyDestroyed).toBeNull();
  }
}

const step = fc.oneof(
  fc.record({ wait: fc.oneof(fc.nat(120), fc.nat(5_000), fc.nat(20 * 86_400)) }),
  fc.record({
    planner: fc.constantFrom(...Object.keys(PLANNERS)),
    which: fc.nat(20),
    cause: fc.constantFrom(...CAUSES),
  }),
  fc.record({ maintain: fc.constant(true) }),
);

it('holds over any history: one active key, bounds that only narrow, no way back from the end', () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (history) => {
      const world = new World();
      for (const each of history) {
        if ('wait' in each) world.now += each.wait;
        else if ('maintain' in each) {
          world.destroyDue();
          if (!world.keys.some(({ state }) => state === 'pre_activation')) world.makeStandby();
        } else world.act(each.planner, each.which, each.cause);
        refuseWrongWorld(world);
        for (const { state } of world.keys) reached.add(state);
      }
    }),
    { numRuns: 400 },
  );
  expect([...reached].sort()).toEqual([...KEY_STATES].sort());
});
