import { beforeEach, describe, expect, it } from 'vitest';
import { KeywardError } from '../../../src/domain/errors.ts';
import { NO_TIMES, type SigningKey } from '../../../src/domain/key.ts';
import type { KeyLifeChange } from '../../../src/domain/registry.ts';
import { ScopeHolds } from '../../../src/domain/scope-holds.ts';
import { createKeyChanges } from '../../../src/keys/key-changes.ts';
import { type Chore, createKeyChores } from '../../../src/keys/key-chores.ts';
import { createKeyRing, type KeyRingKeeper } from '../../../src/keys/key-ring.ts';
import { TokenTurns } from '../../../src/keys/turns.ts';
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
let served: Set<string>;
let turns: TokenTurns;
let steady: boolean;

beforeEach(() => {
  ring = createKeyRing();
  steps = [];
  failing = new Map();
  served = new Set();
  turns = new TokenTurns();
  steady = true;
});

const step = (name: string) => {
  steps.push(name);
  const failure = failing.get(name);
  if (failure) throw failure;
};
const commit =
  (name: string) =>
  async (_: readonly KeyLifeChange[], { type }: { type: string }) =>
    step(`${name} ${type}`);

function chores(...keys: readonly SigningKey[]) {
  ring.admit(scope, keys);
  return createKeyChores({
    changes: createKeyChanges({
      keyRing: ring,
      registry: {
        changeKeys: commit('signed'),
        restrictKeys: commit('urgent'),
        load: async () => ({ scopes: [], keys: [], unfinished: [] }),
      },
      holds: new ScopeHolds(),
    }),
    keyRing: ring,
    standbys: {
      provide: async () => {
        step('provide');
        return undefined;
      },
    },
    signer: {
      destroy: async ({ kid }) => step(`destroy ${kid}`),
      serve: async (references) => {
        step(`serve ${references.map(({ kid }) => kid).join(' ')}`);
        return [];
      },
    },
    served: () => new Map([['primary', served]]),
    turns,
    clock: { nowSeconds: () => NOW },
    timeGuard: {
      requireSteadyTime() {
        if (!steady) throw new KeywardError('clock_jump', 'the clock jumped');
      },
    },
    graceSeconds: 3_600,
  });
}

const names = (of: readonly Chore[]) => of.map(({ name }) => name);
const doAll = async (of: readonly Chore[]) => {
  for (const chore of of) await chore.run();
};

describe('after a compromise', () => {
  it('the private half goes from the HSM, and then it is a fact', async () => {
    const { patient } = chores(active, standby, compromised);
    expect(names(patient('primary'))).toEqual([`destroy ${compromised.kid}`]);
    await doAll(patient('primary'));
    expect(steps).toEqual([`destroy ${compromised.kid}`, 'signed key.private_half_destroyed']);
    expect(ring.knownKey(compromised.kid)?.key.times.privateHalfDestroyed).toBe(NOW);
    expect(patient('primary')).toEqual([]);
  });

  it('a destruction that was cut short is asked for again', async () => {
    const { patient } = chores(active, standby, compromised);
    failing.set('signed key.private_half_destroyed', new Error('killed'));
    await expect(doAll(patient('primary'))).rejects.toThrow('killed');
    failing.clear();
    await doAll(patient('primary'));
    expect(steps.filter((name) => name === `destroy ${compromised.kid}`)).toHaveLength(2);
    expect(patient('primary')).toEqual([]);
  });

  it('a private half that is kept stays', () => {
    expect(
      names(chores(active, standby, { ...compromised, keptForForensics: true }).patient('primary')),
    ).toEqual([]);
  });

  it('the scope signs again with the first standby that there is, published for however short', async () => {
    const { urgent } = chores(compromised, { ...standby, publishedAt: NOW });
    expect(names(urgent())).toEqual(['activate payments']);
    await doAll(urgent());
    expect(steps).toEqual(['urgent key.activated']);
    expect(ring.activeKey('payments')?.kid).toBe(standby.kid);
    expect(urgent()).toEqual([]);
  });

  it('the signer lets go of a key that signs no more', async () => {
    served = new Set([active.kid, standby.kid, compromised.kid]);
    const { patient } = chores(active, standby, { ...compromised, keptForForensics: true });
    expect(names(patient('primary'))).toEqual(['release primary']);
    await doAll(patient('primary'));
    expect(steps[0]?.split(' ').toSorted()).toEqual(['serve', active.kid, standby.kid].toSorted());
  });
});

describe('a scope that is made meanwhile', () => {
  it('keeps its keys with the signer, which has them before anybody else', async () => {
    const { patient } = chores(active, standby);
    const [mail, fresh] = [aScope({ id: 'mail' }), softwareKey('ES256')];
    const made = aSigningKey(mail, fresh, { state: 'active', signFrom: NOW, signUntil: NOW + 9 });
    const { promise: stored, resolve: store } = Promise.withResolvers<void>();
    const making = turns.of('primary').take(async () => {
      served = new Set([active.kid, standby.kid, made.kid]);
      await stored;
      ring.admit(mail, [made]);
    });
    await Promise.resolve();
    const releasing = doAll(patient('primary'));
    store();
    await Promise.all([making, releasing]);
    expect(steps.map((each) => each.split(' ').toSorted())).toEqual([
      ['serve', active.kid, standby.kid, made.kid].toSorted(),
    ]);
  });
});

describe('a clock that cannot be believed', () => {
  it('stops what is dated by it, and nothing reaches the HSM', async () => {
    const { patient, urgent } = chores(compromised, standby);
    steady = false;
    await expect(doAll(patient('primary'))).rejects.toMatchObject({ code: 'clock_jump' });
    await expect(doAll(urgent())).rejects.toMatchObject({ code: 'clock_jump' });
    expect(steps).toEqual([]);
  });
});
