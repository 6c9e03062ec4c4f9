import { beforeEach, describe, expect, it } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { NO_TIMES, type SigningKey } from '../../../src/kernel/key.ts';
import type { KeyLifecycleChange } from '../../../src/kernel/registry.ts';
import { IssuanceLock } from '../../../src/keys/key-administration.ts';
import { createKeyChanges } from '../../../src/keys/key-changes.ts';
import { createKeyRing, type KeyRingKeeper } from '../../../src/keys/key-ring.ts';
import { createReconcileSteps, type ReconcileStep } from '../../../src/keys/reconcile-steps.ts';
import { KeyedMutex } from '../../../src/lib/mutex.ts';
import { putChanges } from '../../support/changed-keys.ts';
import { aScope, aSigningKey, softwareKey } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const scope = aScope({ id: 'payments' });
const key = (state: SigningKey['state'], changes: Partial<SigningKey> = {}) =>
  aSigningKey(scope, softwareKey('ES256'), {
    state,
    signFrom: state === 'pre_activation' ? null : NOW - 100,
    signUntil: NOW + 100_000,
    publishedAt: NOW - 100,
    ...changes,
  });
const active = key('active');
const standby = key('pre_activation');
const compromised = key('compromised', { times: { ...NO_TIMES, compromised: NOW - 5 } });

let ring: KeyRingKeeper;
let steps: string[];
let failing: Map<string, Error>;
/** What the signer has by `CKA_ID`; where a test does not say, what it should have. */
let served: Set<string>;
let isSaid: boolean;
let turns: KeyedMutex;
let steady: boolean;
let settled: boolean;
let hadOthers: boolean;

beforeEach(() => {
  ring = createKeyRing();
  steps = [];
  failing = new Map();
  isSaid = false;
  turns = new KeyedMutex();
  steady = true;
  settled = true;
  hadOthers = false;
});

const step = (name: string) => {
  steps.push(name);
  const failure = failing.get(name);
  if (failure) throw failure;
};
const commit =
  (name: string) =>
  async (changes: readonly KeyLifecycleChange[], { type }: { type: string }) => {
    step(`${name} ${type}`);
    putChanges(ring, changes);
  };

function serves(...keys: readonly SigningKey[]): void {
  isSaid = true;
  served = new Set(keys.map(({ binding }) => binding.hsmId));
}

function chores(...keys: readonly SigningKey[]) {
  ring.put({ scopes: [scope], keys });
  if (!isSaid) served = new Set(ring.references().map(({ hsmId }) => hsmId));
  return createReconcileSteps({
    changes: createKeyChanges({
      keyRing: ring,
      registry: {
        changeKeys: commit('signed'),
        restrictKeys: commit('urgent'),
        signPending: async () => {
          const failure = failing.get('sign pending');
          if (failure) throw failure;
        },
      },
      holds: new IssuanceLock(),
    }),
    keyRing: ring,
    standbys: {
      provide: async () => {
        step('provide');
        return undefined;
      },
      rollBack: async () => [],
    },
    signer: {
      destroy: async ({ kid }) => step(`destroy ${kid}`),
      serveAlso: async (references) => {
        step(`serve ${references.map(({ hsmId }) => hsmId).join(' ')}`);
        for (const { hsmId } of references) served.add(hsmId);
        return [];
      },
      release: async (hsmIds) => {
        step(`release ${hsmIds.join(' ')}`);
        for (const hsmId of hsmIds) served.delete(hsmId);
      },
    },
    served: () => new Map([['primary', served]]),
    turns,
    leadership: { hadOthers },
    clock: { nowSeconds: () => NOW },
    timeGuard: {
      requireSteadyTime() {
        if (!steady) throw new KeywardError('clock_jump', 'the clock jumped');
      },
      isSettled: () => settled,
    },
    graceSeconds: 3_600,
    failoverSeconds: 10,
  });
}

const names = (of: readonly ReconcileStep[]) => of.map(({ name }) => name);
const doAll = async (of: readonly ReconcileStep[]) => {
  for (const chore of of) await chore.run();
};

it('serving and releasing keys is what each process does for its own signer', () => {
  const { deferred } = chores(active, standby, compromised);
  serves(active);
  const own = deferred('primary').map(({ name, isOwn }) => [name, isOwn]);
  expect(own).toEqual([
    ['load primary', true],
    [`destroy ${compromised.kid}`, undefined],
  ]);
});

describe('after a compromise', () => {
  it('the private half goes from the HSM, and then it is a fact', async () => {
    const { deferred } = chores(active, standby, compromised);
    expect(names(deferred('primary'))).toEqual([`destroy ${compromised.kid}`]);
    await doAll(deferred('primary'));
    expect(steps).toEqual([`destroy ${compromised.kid}`, 'signed key.private_half_destroyed']);
    expect(ring.knownKey(compromised.kid)?.key.times.privateKeyDestroyed).toBe(NOW);
    expect(deferred('primary')).toEqual([]);
  });

  it('no private half goes while the registry key has not signed what it follows from', async () => {
    const { deferred } = chores(active, standby, compromised);
    failing.set('sign pending', new Error('the HSM is away'));
    await expect(doAll(deferred('primary'))).rejects.toThrow('the HSM is away');
    expect(steps).toEqual([]);
    failing.clear();
    await doAll(deferred('primary'));
    expect(steps).toContain(`destroy ${compromised.kid}`);
  });

  it('it goes once all other fronts must have followed: until then they sign with it', () => {
    hadOthers = true;
    const since = (compromised: number, activated = NOW - 100) =>
      key('compromised', { times: { ...NO_TIMES, activated, compromised } });
    const stepsOf = (of: SigningKey) => names(chores(active, standby, of).deferred('primary'));
    expect(stepsOf(since(NOW - 5))).toEqual([]);
    const followed = since(NOW - 6);
    expect(stepsOf(followed)).toEqual([`destroy ${followed.kid}`]);
    // A time that has not come says nothing.
    const ahead = since(NOW - 6, NOW + 60);
    expect(stepsOf(ahead)).toEqual([`destroy ${ahead.kid}`]);
  });

  it('a destruction that was cut short is asked for again', async () => {
    const { deferred } = chores(active, standby, compromised);
    failing.set('signed key.private_half_destroyed', new Error('killed'));
    await expect(doAll(deferred('primary'))).rejects.toThrow('killed');
    failing.clear();
    await doAll(deferred('primary'));
    expect(steps.filter((name) => name === `destroy ${compromised.kid}`)).toHaveLength(2);
    expect(deferred('primary')).toEqual([]);
  });

  it('a private half that is kept stays', () => {
    expect(
      names(chores(active, standby, { ...compromised, keptForForensics: true }).deferred('primary')),
    ).toEqual([]);
  });

  it('the scope signs again with the first standby that there is, published for however short', async () => {
    const { immediate: urgent } = chores(compromised, { ...standby, publishedAt: NOW });
    expect(names(urgent())).toEqual(['activate payments']);
    await doAll(urgent());
    expect(steps).toEqual(['urgent key.activated']);
    expect(ring.activeKey('payments')?.kid).toBe(standby.kid);
    expect(urgent()).toEqual([]);
  });

  it('the signer lets go of a key that signs no more', async () => {
    serves(active, standby, compromised);
    const { deferred } = chores(active, standby, { ...compromised, keptForForensics: true });
    expect(names(deferred('primary'))).toEqual(['load primary']);
    await doAll(deferred('primary'));
    expect(steps).toEqual([`release ${compromised.binding.hsmId}`]);
    expect(deferred('primary')).toEqual([]);
  });

  it('the signer gets a key back that it should have, and proves that one alone', async () => {
    serves(active);
    const { deferred } = chores(active, standby);
    await doAll(deferred('primary'));
    expect(steps).toEqual([`serve ${standby.binding.hsmId}`]);
    expect(deferred('primary')).toEqual([]);
  });

  it('a token that no signer serves is left alone', () => {
    const elsewhere = { ...standby, hsmToken: 'replaced' };
    expect(names(chores(active, elsewhere).deferred('replaced'))).toEqual([]);
  });
});

describe('a scope that is made meanwhile', () => {
  it('keeps its keys with the signer, which has them before anybody else', async () => {
    const { deferred } = chores(active, standby);
    const [mail, fresh] = [aScope({ id: 'mail' }), softwareKey('ES256')];
    const made = aSigningKey(mail, fresh, { state: 'active', signFrom: NOW, signUntil: NOW + 9 });
    const { promise: stored, resolve: store } = Promise.withResolvers<void>();
    const making = turns.runExclusive('primary', async () => {
      served.add(made.binding.hsmId);
      await stored;
      ring.put({ scopes: [mail], keys: [made] });
    });
    await Promise.resolve();
    const releasing = doAll(deferred('primary'));
    store();
    await Promise.all([making, releasing]);
    expect(steps).toEqual([]);
    expect(served).toContain(made.binding.hsmId);
  });
});

describe('the HSM token of the active key is away', () => {
  const elsewhere = { ...standby, hsmToken: 'b', publishedAt: NOW - 100_000 };
  let nowMs: number;
  const away = (...keys: readonly SigningKey[]) => {
    nowMs = 0;
    ring = createKeyRing(() => nowMs);
    const made = chores(...keys);
    ring.put({ scopes: [{ ...scope, standbyToken: 'b' }], keys });
    const kids = keys.map(({ kid }) => ({ kid, proven: true, found: true, attributes: {}, unproven: [] }));
    ring.applyProofs(kids);
    ring.reportAway('primary');
    return made;
  };

  it('after ten seconds the standby on another signs, in one urgent commit', async () => {
    const { immediate } = away(active, elsewhere);
    nowMs = 9_999;
    expect(names(immediate())).toEqual([]);
    nowMs = 10_000;
    expect(names(immediate())).toEqual(['failover primary']);
    await doAll(immediate());
    expect(steps).toEqual(['urgent hsm.failed_over']);
    expect(ring.activeKey('payments')?.kid).toBe(elsewhere.kid);
    expect(immediate()).toEqual([]);
  });

  it('nothing is changed where it is back when its turn comes', async () => {
    const { immediate } = away(active, elsewhere);
    nowMs = 10_000;
    const due = immediate();
    ring.reportPresent('primary');
    await doAll(due);
    expect(steps).toEqual([]);
    expect(ring.activeKey('payments')?.kid).toBe(active.kid);
  });

  it('a rotation that is due at the same time goes there too, once', async () => {
    const { immediate } = away({ ...active, signUntil: NOW + 10 }, elsewhere);
    nowMs = 10_000;
    expect(names(immediate())).toEqual(['rotate payments', 'failover primary']);
    await doAll(immediate());
    expect(steps).toEqual(['urgent key.rotated']);
    expect(ring.activeKey('payments')?.kid).toBe(elsewhere.kid);
  });

  it('the next standby waits for its return: it is made on the token where the active key is not', async () => {
    const { immediate, deferred } = away(active, elsewhere);
    nowMs = 10_000;
    await doAll(immediate());
    expect(names(deferred('primary'))).toContain('standby payments');
    expect(names(deferred('b'))).not.toContain('standby payments');
  });
});

describe('a clock that cannot be believed', () => {
  it('stops what is dated by it, and nothing reaches the HSM', async () => {
    const { deferred, immediate: urgent } = chores(compromised, standby);
    steady = false;
    await expect(doAll(deferred('primary'))).rejects.toMatchObject({ code: 'clock_jump' });
    await expect(doAll(urgent())).rejects.toMatchObject({ code: 'clock_jump' });
    expect(steps).toEqual([]);
  });
});

describe('before the time has settled', () => {
  const LONG_AGO = NOW - 90_000;
  const deactivated = key('deactivated', { times: { ...NO_TIMES, deactivated: LONG_AGO } });
  const expired = key('pre_activation', { signUntil: LONG_AGO });
  const spent = key('deactivated', {
    signUntil: LONG_AGO,
    binding: { ...active.binding, maxTtlSeconds: 60 },
    times: { ...NO_TIMES, deactivated: LONG_AGO, privateKeyDestroyed: LONG_AGO },
  });
  const waiting = () => names(chores(active, standby, deactivated, expired, spent).deferred('primary'));

  it('no key is destroyed, withdrawn or expired by its age', () => {
    settled = false;
    expect(waiting()).toEqual([]);
  });

  it('they are once it has', () => {
    expect(waiting()).toEqual([
      `expire ${expired.kid}`,
      `destroy ${deactivated.kid}`,
      `withdraw ${spent.kid}`,
    ]);
  });

  it('a compromised key is destroyed all the same', async () => {
    settled = false;
    await doAll(chores(active, standby, compromised).deferred('primary'));
    expect(steps).toContain(`destroy ${compromised.kid}`);
  });
});
