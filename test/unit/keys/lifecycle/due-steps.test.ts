import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ProofStatus, type SigningKey, verifyUntil } from '../../../../src/kernel/key.ts';
import { isWindowOver, propagatedAt, rotationDueAt } from '../../../../src/kernel/key-window.ts';
import { type DueStep, dueSteps, rotationOutlook } from '../../../../src/keys/lifecycle/due-steps.ts';
import {
  type KeyPlan,
  planExpiry,
  planPrivateKeyDestroyed,
  planRotation,
  planWithdrawal,
  type ScopeKeys,
} from '../../../../src/keys/lifecycle/plans.ts';
import { aKey, DAY, GRACE, NOW, POLICY, PROPAGATION, SCOPE, within } from './keys.ts';

const PERIOD = POLICY.cryptoperiodSeconds;
const given = (now: number) => ({ now, graceSeconds: GRACE });
const names = (of: ScopeKeys, now: number) => dueSteps(of, given(now)).map(({ name }) => name);
const paused = (of: ScopeKeys, until: number): ScopeKeys => ({
  ...of,
  scope: { ...of.scope, rotationPause: { until, reason: 'move' } },
});

const signUntil = NOW + 7 * DAY;
const active = aKey(0, 'active', { signUntil });
const standby = aKey(1, 'pre_activation', { signUntil: NOW + 28 * DAY });

describe('a scope with a key that signs and a standby that every cache has', () => {
  const of = within(active, standby);

  it('rotates when the grace is left of the window, and not a second before', () => {
    expect(names(of, signUntil - GRACE - 1)).toEqual([]);
    expect(names(of, signUntil - GRACE)).toEqual(['rotate']);
  });

  it('catches up on a rotation that was missed, however late', () => {
    expect(names(of, signUntil + 1)).toEqual(['rotate']);
    expect(names(of, NOW + 27 * DAY)).toEqual(['rotate']);
  });

  it('does not rotate during a pause, and does when it has ended by itself', () => {
    const until = signUntil + DAY;
    expect(names(paused(of, until), until)).toEqual([]);
    expect(names(paused(of, until), until + 1)).toEqual(['rotate']);
    expect(names(paused(of, signUntil - GRACE - 1), signUntil - GRACE)).toEqual(['rotate']);
  });

  it('waits for the caches: a standby signs when every verifier has had time to learn of it', () => {
    const publishedAt = signUntil - PROPAGATION + 10;
    const young = within(active, { ...standby, publishedAt });
    expect(names(young, signUntil + 9)).toEqual([]);
    expect(names(young, signUntil + 10)).toEqual(['rotate']);
  });

  it('makes another standby in the place of one that is missing, and none for one that is unproven or unread', () => {
    const as = (status: ProofStatus) => ({
      ...of,
      proofOf: ({ kid }: SigningKey): ProofStatus => (kid === standby.kid ? status : 'proven'),
    });
    const early = signUntil - DAY;
    expect(names(as('missing'), early)).toEqual(['standby']);
    for (const status of ['proven', 'unproven', 'unchecked'] as const) {
      expect(names(as(status), early)).toEqual([]);
    }
  });

  it('does not rotate to a standby that is not proven', () => {
    const unproven = { ...of, serves: ({ kid }: SigningKey) => kid !== standby.kid };
    expect(names(unproven, signUntil)).toEqual([]);
  });
});

describe('a scope whose standbys are made on another HSM token', () => {
  const scope = { ...SCOPE, standbyToken: 'b' };
  const on = (hsmToken: string, key: SigningKey) => ({ ...key, hsmToken });
  const of = (...keys: readonly SigningKey[]): ScopeKeys => ({ ...within(...keys), scope });
  const places = (keys: ScopeKeys, now = NOW) =>
    dueSteps(keys, given(now)).flatMap((step) => (step.name === 'standby' ? [step.hsmToken] : []));

  it('has each made where the active key is not', () => {
    expect(places(of(active))).toEqual(['b']);
    expect(places(of(on('b', active)))).toEqual(['primary']);
    expect(places(of())).toEqual(['primary']);
  });

  it('is given one beside a standby that is on the token of the active key, and none beside one elsewhere', () => {
    expect(places(of(active, standby))).toEqual(['b']);
    expect(places(of(active, on('b', standby)))).toEqual([]);
    expect(places(of(on('b', active), standby))).toEqual([]);
    expect(places(of(on('b', active), on('b', standby)))).toEqual(['primary']);
    expect(places(of(on('former-1', active), standby))).toEqual([]);
  });

  it('has it made beside the active key where the other token is compromised', () => {
    const compromised = (keys: ScopeKeys, ...names: readonly string[]): ScopeKeys => ({
      ...keys,
      isTokenCompromised: (name) => names.includes(name),
    });
    expect(places(compromised(of(on('b', active)), 'primary'))).toEqual(['b']);
    expect(places(compromised(of(on('b', active), on('b', standby)), 'primary'))).toEqual([]);
    expect(places(compromised(of(), 'primary'))).toEqual(['b']);
    expect(places(compromised(of(), 'primary', 'b'))).toEqual(['primary']);
  });

  const without = (keys: ScopeKeys, ...names: readonly string[]): ScopeKeys => ({
    ...keys,
    awaySeconds: (name) => (names.includes(name) ? 60 : 0),
  });

  it('has it made beside the active key where the other token is away while the window runs out', () => {
    const late = signUntil - 2 * PROPAGATION + 1;
    for (const keys of [of(active), of(active, on('b', standby))]) {
      expect(places(without(keys, 'b'), late)).toEqual(['primary']);
    }
    expect(places(without(of(active), 'b'), late - 1)).toEqual(['b']);
    expect(places(without(of(active, on('b', standby)), 'b'), late - 1)).toEqual([]);
    expect(places(without(of(active, on('b', standby)), 'b', 'primary'), late)).toEqual([]);
    expect(places(of(active, on('b', standby)), late)).toEqual([]);
    const beside = without(of(active, standby, on('b', aKey(2, 'pre_activation'))), 'b');
    expect(names(beside, signUntil)).toEqual(['rotate']);
  });

  it('has it made on the token that is there where no key signs', () => {
    expect(places(without(of(), 'primary'))).toEqual(['b']);
    expect(places(without(of(), 'primary', 'b'))).toEqual(['primary']);
  });

  it('has another made where it is placed by now, if its own token is away', () => {
    const away = without(of(active, on('b', standby)), 'b');
    const placed = (standbyToken: string | null) => ({ ...away, scope: { ...scope, standbyToken } });
    expect(places(placed('c'))).toEqual(['c']);
    expect(places(placed(null))).toEqual(['primary']);
    expect(places({ ...placed('c'), awaySeconds: () => 0 })).toEqual([]);
  });

  it('does not rotate to a token that is away, and does once it is back', () => {
    const away = without(of(active, on('b', standby)), 'b');
    expect(names(away, signUntil)).toEqual(['standby']);
    expect(rotationOutlook(away, given(signUntil))).toMatchObject({ obstacle: 'standby_away', at: null });
    expect(names(of(active, on('b', standby)), signUntil)).toEqual(['rotate']);
  });
});

describe('a scope whose key signs no more, without a successor', () => {
  const stopped = aKey(0, 'suspended');

  it('has the standby sign at once, caches or not, paused or not', () => {
    const of = within(stopped, { ...standby, publishedAt: NOW });
    expect(names(of, NOW)).toEqual(['activate']);
    expect(names(paused(of, NOW + DAY), NOW)).toEqual(['activate']);
  });

  it('is given a standby first where there is none', () => {
    expect(names(within(stopped), NOW)).toEqual(['standby']);
  });
});

describe('keys of a time that has not come, since the clock was ahead when they were made', () => {
  const AHEAD = NOW + 40 * DAY;
  const ofTheFuture = (n: number, state: 'active' | 'pre_activation', binding = AHEAD) =>
    aKey(n, state, {
      binding: { ...aKey(n, state).binding, signFrom: binding },
      publishedAt: binding,
      signFrom: state === 'active' ? AHEAD : null,
      signUntil: AHEAD + 28 * DAY,
    });
  const late = ofTheFuture(2, 'active');
  const lateStandby = ofTheFuture(3, 'pre_activation');

  it('are followed at once by a key that can sign now, which is made first', () => {
    expect(names(within(late, lateStandby), NOW)).toEqual(['standby']);
    const made = { ...standby, publishedAt: NOW, binding: { ...standby.binding, signFrom: NOW } };
    expect(names(within(late, lateStandby, made), NOW)).toEqual(['activate']);
    expect(planRotation(within(late, lateStandby, made), 'keyward', given(NOW))).toMatchObject({
      started: { kid: made.kid, state: 'active', signFrom: NOW },
      stopped: { kid: late.kid, state: 'deactivated' },
    });
  });

  it('nor does one sign that was made in time, but activated by that clock', () => {
    expect(names(within(ofTheFuture(2, 'active', NOW - DAY), standby), NOW)).toEqual(['activate']);
  });

  it('serve like any other once their time has come', () => {
    expect(names(within(late, lateStandby), AHEAD)).toEqual([]);
  });

  it('are no others than those that a clock within a minute has made', () => {
    const soon = aKey(2, 'active', { signFrom: NOW + 60 });
    const later = aKey(2, 'active', { signFrom: NOW + 61 });
    expect(names(within(soon, standby), NOW)).toEqual([]);
    expect(names(within(later, standby), NOW)).toEqual(['activate']);
  });
});

describe('a standby that was not used', () => {
  it('is followed by another before its window closes, and then expires', () => {
    const until = standby.signUntil;
    const of = within(aKey(0, 'active', { signUntil: until + DAY }), standby);
    expect(names(of, until - 2 * PROPAGATION)).toEqual([]);
    expect(names(of, until - 2 * PROPAGATION + 1)).toEqual(['standby']);
    expect(names(of, until)).toEqual(['standby']);
    expect(names(of, until + 1)).toEqual(['standby', 'expire']);
  });
});

describe('a key that signs no more', () => {
  const deactivated = NOW + 6 * DAY;
  const times = { ...active.times, activated: NOW - 7 * DAY, deactivated };
  const former = { ...aKey(2, 'deactivated', { signUntil }), times };
  const others = [aKey(0, 'active', { signUntil: NOW + 60 * DAY }), aKey(1, 'pre_activation')] as const;

  it('keeps its private half through the grace, and its public half until its last token has expired', () => {
    const of = within(former, ...others);
    expect(names(of, deactivated + GRACE - 1)).toEqual([]);
    expect(names(of, deactivated + GRACE)).toEqual(['destroy']);
    const destroyedAt = deactivated + GRACE;
    const publicOnly = {
      ...former,
      signUntil: destroyedAt,
      times: { ...times, privateKeyDestroyed: destroyedAt },
    };
    const spent = verifyUntil(publicOnly, POLICY.clockSkewSeconds);
    expect(spent).toBe(destroyedAt + 3_600 + 30);
    const later = within(publicOnly, ...others);
    expect(names(later, spent)).toEqual([]);
    expect(names(later, spent + 1)).toEqual(['withdraw']);
  });
});

/** One scope whose steps are done whenever somebody looks. */
class World {
  now = NOW;
  keys: readonly SigningKey[] = [];
  pausedUntil = 0;
  rotations = 0;
  #made = 0;

  constructor() {
    this.#make();
    this.#take(planRotation(this.of(), 'keyward', given(this.now)));
    this.look();
  }

  of(): ScopeKeys {
    const rotationPause = { until: this.pausedUntil, reason: 'test' };
    return { ...within(...this.keys), scope: { ...SCOPE, rotationPause } };
  }

  active(): SigningKey | undefined {
    return this.keys.find(({ state }) => state === 'active');
  }

  look(): void {
    for (let rounds = 0; ; rounds += 1) {
      const due = dueSteps(this.of(), given(this.now));
      if (due.length === 0) return;
      expect(rounds).toBeLessThan(4);
      // One after the other, each on what the one before it left.
      for (const step of due) this.#do(step);
    }
  }

  #do(step: DueStep): void {
    const of = this.of();
    const now = given(this.now);
    if ('key' in step) {
      const { kid } = step.key;
      if (step.name === 'expire') this.#take(planExpiry(of, kid, 'keyward', now));
      if (step.name === 'destroy') this.#take(planPrivateKeyDestroyed(of, kid, now));
      if (step.name === 'withdraw') this.#take(planWithdrawal(of, kid, 'keyward', now));
    } else if (step.name === 'standby') this.#make();
    else this.#rotate();
  }

  #rotate(): void {
    const former = this.active();
    const { started } = this.#take(planRotation(this.of(), 'keyward', given(this.now)));
    if (!former || !started) throw new Error('a rotation has two sides');
    this.rotations += 1;
    expect(this.now).toBeGreaterThanOrEqual(rotationDueAt(former, GRACE));
    expect(this.now).toBeGreaterThanOrEqual(
      propagatedAt(started, { policy: POLICY, staleCacheHorizon: null }),
    );
    expect(this.now).toBeGreaterThan(this.pausedUntil);
  }

  #make(): void {
    const bounds = { signUntil: this.now + 2 * PERIOD, publishedAt: this.now, createdAt: this.now };
    this.keys = [aKey(this.#made, 'pre_activation', bounds), ...this.keys];
    this.#made += 1;
  }

  #take(plan: KeyPlan): KeyPlan {
    const changed = new Map(plan.changes.map(({ after }) => [after.kid, after]));
    for (const { before, after } of plan.changes) this.#check(before, after);
    this.keys = this.keys.map((key) => changed.get(key.kid) ?? key);
    return plan;
  }

  #check(before: SigningKey, after: SigningKey): void {
    const { deactivated, privateKeyDestroyed } = after.times;
    if (before.times.privateKeyDestroyed !== privateKeyDestroyed) {
      const due = Math.min((deactivated ?? 0) + GRACE, before.signUntil);
      expect(privateKeyDestroyed).toBeGreaterThanOrEqual(due);
    }
    if (after.state === 'destroyed') {
      expect(this.now).toBeGreaterThan(verifyUntil(before, POLICY.clockSkewSeconds));
    }
  }
}

it('is done with after each look, and never rotates early, whatever happens between looks', () => {
  const wait = fc.oneof(fc.nat(120), fc.nat(9_000), fc.nat(3 * DAY), fc.nat(60 * DAY));
  const happening = fc.record({ wait, pause: fc.option(fc.nat(40 * DAY), { freq: 8 }) });
  fc.assert(
    fc.property(fc.array(happening, { minLength: 1, maxLength: 30 }), (history) => {
      const world = new World();
      for (const { wait: seconds, pause } of history) {
        world.now += seconds;
        if (pause !== null) world.pausedUntil = world.now + pause;
        world.look();
        expect(world.keys.filter(({ state }) => state === 'pre_activation').length).toBeLessThanOrEqual(2);
      }
    }),
  );
});

it('leaves no second without a key within its window, where somebody looks every minute', () => {
  const world = new World();
  const end = NOW + 4 * PERIOD;
  while (world.now < end) {
    const key = world.active();
    if (!key || isWindowOver(key, world.now)) throw new Error(`nothing signs at ${world.now - NOW}`);
    world.now += 60;
    world.look();
  }
  expect(world.rotations).toBe(4);
  expect(world.keys.map(({ state }) => state)).toEqual([
    'pre_activation',
    'active',
    'destroyed',
    'destroyed',
    'destroyed',
    'destroyed',
  ]);
});
