import { beforeEach, describe, expect, it } from 'vitest';
import { ServiceFailure, type VerifierProblem, VerifierUnavailable } from '../../../src/client/errors.ts';
import { furthestVersion, KeySetKeeper, type LoadedKeySet } from '../../../src/client/key-set-keeper.ts';
import type { KeySet } from '../../../src/client/read-key-set.ts';
import { type HeldTime, heldTime } from '../../support/held-time.ts';

const NOW = 1_800_000_000;
const POLICY: KeySet['policy'] = {
  maxTtlSeconds: 3_600,
  jwksMaxAgeSeconds: 300,
  maxStaleSeconds: 3_600,
  clockSkewSeconds: 30,
  tokenTypes: ['JWT'],
  requireSubject: true,
  rootClaim: null,
};
const aSet = (version: number, changes: Partial<KeySet> = {}): KeySet => ({
  version,
  keys: new Map(),
  policy: POLICY,
  expiresAt: null,
  ...changes,
});

let time: HeldTime;
let loads: number;
let next: () => Promise<LoadedKeySet>;
let problems: VerifierProblem[];
let adopted: number[];
let keeper: KeySetKeeper;

beforeEach(() => {
  time = heldTime(NOW);
  loads = 0;
  problems = [];
  adopted = [];
  serves(aSet(1));
  keeper = new KeySetKeeper({
    load: () => {
      loads += 1;
      return next();
    },
    surroundings: time,
    reportProblem: (problem) => problems.push(problem),
    onAdopted: ({ version }) => adopted.push(version),
  });
});

function serves(set: KeySet, maxAgeSeconds?: number): void {
  next = async () => ({ set, maxAgeSeconds });
}

function fails(error: Error = new ServiceFailure('away')): void {
  next = () => Promise.reject(error);
}

const version = async () => (await keeper.get()).version;

describe('a key set that is fresh', () => {
  it('is fetched once, however many ask', async () => {
    await Promise.all([version(), version(), version()]);
    time.pass(200);
    expect([await version(), loads]).toEqual([1, 1]);
  });

  it('is fetched anew ahead of time, while the last one serves', async () => {
    await version();
    serves(aSet(2));
    time.pass(240);
    expect(keeper.peek()?.version).toBe(1);
    expect(loads).toBe(2);
    await keeper.get();
    expect(keeper.peek()?.version).toBe(2);
    expect(adopted).toEqual([1, 2]);
  });

  it('ages as the answer says, and never more slowly than the policy says', async () => {
    serves(aSet(1), 10);
    await version();
    time.pass(10);
    expect(keeper.peek()).toBeUndefined();
    serves(aSet(1), 86_400);
    await version();
    time.pass(300);
    expect(keeper.peek()).toBeUndefined();
  });

  it.each([0, -300, 4])('serves for five seconds where an answer gives it %i', async (maxAgeSeconds) => {
    serves(aSet(1), maxAgeSeconds);
    await version();
    time.pass(3);
    for (let n = 0; n < 10; n++) expect(await version()).toBe(1);
    expect(loads).toBe(1);
    time.pass(2);
    expect(keeper.peek()).toBeUndefined();
  });

  it('serves for no longer than the policy says', async () => {
    serves(aSet(1, { policy: { ...POLICY, jwksMaxAgeSeconds: 2 } }), 0);
    await version();
    time.pass(2);
    expect(keeper.peek()).toBeUndefined();
  });

  it.each([furthestVersion(7) + 1, 1_000_007, Number.MAX_SAFE_INTEGER])(
    'of version %i is not taken up after version 7, so that those after it are',
    async (far) => {
      serves(aSet(7));
      await version();
      serves(aSet(far));
      await keeper.renew().catch(() => undefined);
      expect(problems.at(-1)).toMatchObject({ code: 'key_set_refused' });
      for (const next of [8, furthestVersion(8)]) {
        serves(aSet(next));
        await keeper.renew();
      }
      expect(adopted).toEqual([7, 8, furthestVersion(8)]);
    },
  );

  it.each([1, 999_999, furthestVersion(undefined)])(
    'of version %i is taken up as the first',
    async (first) => {
      serves(aSet(first));
      expect(await version()).toBe(first);
    },
  );

  it.each([furthestVersion(undefined) + 1, Number.MAX_SAFE_INTEGER])(
    'of version %i is not taken up as the first, so that the right one is',
    async (far) => {
      serves(aSet(far));
      await expect(version()).rejects.toThrow(VerifierUnavailable);
      time.pass(60);
      serves(aSet(5));
      expect(await version()).toBe(5);
    },
  );

  it('is waited for once it has aged', async () => {
    await version();
    serves(aSet(2));
    time.pass(300);
    expect(await version()).toBe(2);
  });
});

describe('through an outage', () => {
  it('the last set serves for as long as the policy allows, and no longer', async () => {
    await version();
    fails();
    time.pass(300 + 3_599);
    expect(await version()).toBe(1);
    time.pass(1);
    await expect(version()).rejects.toThrow(VerifierUnavailable);
    expect(keeper.peek()).toBeUndefined();
    serves(aSet(2));
    time.pass(60);
    expect(await version()).toBe(2);
  });

  it('a signed set serves until it has expired, however young it is', async () => {
    serves(aSet(1, { expiresAt: NOW + 100 }));
    await version();
    time.pass(99);
    expect(keeper.peek()?.version).toBe(1);
    time.pass(1);
    fails();
    await expect(version()).rejects.toThrow(
      'the key set is too old to go on with, and there is no newer one',
    );
  });

  it('the service is not asked at every token', async () => {
    await version();
    fails();
    time.pass(301);
    for (let n = 0; n < 10; n++) expect(await version()).toBe(1);
    expect(loads).toBe(2);
    time.pass(1);
    expect([await version(), loads]).toEqual([1, 3]);
  });

  it('without any set there is no verdict, and the reason is kept', async () => {
    const away = new ServiceFailure('the service does not answer');
    fails(away);
    await expect(keeper.get()).rejects.toMatchObject({ message: 'there is no key set yet', cause: away });
    expect(problems).toEqual([
      { code: 'key_set_unreachable', message: 'the service does not answer', cause: away },
    ]);
  });
});

describe('what is not taken up', () => {
  it('an older version than the one that is held', async () => {
    serves(aSet(7));
    await version();
    serves(aSet(6));
    time.pass(301);
    expect(await version()).toBe(7);
    expect(problems).toMatchObject([
      {
        code: 'key_set_refused',
        message: 'the key set is not taken up: its version is 6, and 7 has been seen',
      },
    ]);
    serves(aSet(7));
    time.pass(60);
    await version();
    expect(adopted).toEqual([7, 7]);
  });
});

describe('looking for a kid that is not in the set', () => {
  it('fetches once in ten seconds, whoever asks', async () => {
    await version();
    await Promise.all([keeper.refresh(), keeper.refresh()]);
    time.pass(9);
    await keeper.refresh();
    expect(loads).toBe(2);
    time.pass(1);
    await keeper.refresh();
    expect(loads).toBe(3);
  });
});

describe('renewing', () => {
  it('fetches once more where a fetch is under way that may have begun too early', async () => {
    const [first, second] = [Promise.withResolvers<LoadedKeySet>(), Promise.withResolvers<LoadedKeySet>()];
    next = () => first.promise;
    const begun = keeper.get();
    const renewed = Promise.all([keeper.renew(), keeper.renew()]);
    next = () => second.promise;
    first.resolve({ set: aSet(1), maxAgeSeconds: undefined });
    await begun;
    second.resolve({ set: aSet(2), maxAgeSeconds: undefined });
    await renewed;
    expect([keeper.held?.version, loads]).toEqual([2, 2]);
  });

  it('says when there is nothing to be had', async () => {
    fails();
    await expect(keeper.renew()).rejects.toThrow('away');
  });
});
