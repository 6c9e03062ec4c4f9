import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type SigningKey, verifyUntil } from '../../src/kernel/key.ts';
import { createScopeChanger } from '../../src/keys/change-scope.ts';
import { createTokenVerifier } from '../../src/verification/verify-token.ts';
import { MemoryLedger } from '../support/memory-ledger.ts';
import { CachingVerifier } from './caching-verifier.ts';
import { movableClock } from './movable-clock.ts';
import { rehearsed } from './rehearsed.ts';

const START = 1_767_225_600;
const DAY = 86_400;
const MAX_TTL = 3_600;
const SKEW = 30;
const ALICE = { operatorId: 'alice', requestId: null };

type Claims = Readonly<Record<string, unknown>>;

/** A scope, the copy that a thief made of its first key, and those who judge what the thief makes of it. */
async function stolen() {
  const clock = movableClock(START);
  const ledger = new MemoryLedger();
  const forgeries: string[] = [];
  const { service, store } = await rehearsed(clock, { ledger });
  const { scope, keyRing } = service;
  const { kid } = keyRing.activeKey(scope.id) as SigningKey;
  const key = () => service.keys().find((each) => each.kid === kid) as SigningKey;
  const verifier = createTokenVerifier({
    gaps: () => [],
    unproven: [],
    news: async () => false,
    facts: { record: () => {} },
    keyRing,
    clock,
    ledger,
    revocations: { covers: () => false },
    alarm: { forged: async (forgery) => void forgeries.push(forgery.kid), unproven: async () => {} },
  });
  // It fetches the key set for each token, so that it always has the current one.
  const offline = new CachingVerifier({
    name: 'offline',
    scope,
    refreshing: (at, { after: document }) => ({ document, at }),
    aheadSeconds: 0,
  });
  const { change } = createScopeChanger({ registry: store.registry, keyRing, clock });
  return {
    clock,
    service,
    forgeries,
    key,
    widen: () => change(scope.id, { policy: { maxTtlSeconds: DAY } }, ALICE),
    async rotate() {
      clock.moveTo(service.nextDue(START + 100 * DAY));
      await service.tend();
      expect(key().state).toBe('deactivated');
    },
    async judged(claims: Claims) {
      const { issuer: iss, audience: aud } = scope;
      const whole = { iss, aud, sub: 'thief', jti: 'copied', client_id: 'x', ...claims };
      const token = service.signAsThief(key(), whole);
      const verdict = await verifier.verify(scope.id, token);
      const set = service.keySet();
      offline.look(clock.nowSeconds(), { before: set, after: set });
      return {
        service: verdict.valid ? 'valid' : verdict.reason,
        offline: offline.refusalOf(token, clock.nowSeconds()) ?? 'valid',
      };
    },
  };
}

type Stolen = Awaited<ReturnType<typeof stolen>>;

/** Whatever times the thief writes: at random, at their limits, and by all the rules. */
async function expectUseless({ judged, key }: Stolen): Promise<void> {
  const { signFrom, signUntil } = key();
  const number = fc.oneof(
    fc.integer({ min: START - DAY, max: START + 60 * DAY }),
    fc.constantFrom(0, -1, 1e15, Number.MAX_VALUE, START + 0.5),
  );
  const within = fc
    .record({
      iat: fc.integer({ min: signFrom ?? 0, max: signUntil }),
      life: fc.integer({ min: 1, max: DAY }),
    })
    .map(({ iat, life }) => ({ iat, exp: iat + life }));
  const claims = fc.oneof(fc.record({ iat: number, exp: number }), within);
  await fc.assert(
    fc.asyncProperty(claims, async (written) => {
      const { service, offline } = await judged(written);
      expect([service, offline]).not.toContain('valid');
    }),
    {
      numRuns: 200,
      examples: [[{ iat: signUntil, exp: signUntil + MAX_TTL }], [{ iat: signUntil, exp: signUntil + DAY }]],
    },
  );
}

it('makes tokens that were never issued, as the service knows, until the last honest one has expired', async () => {
  const { clock, service, rotate, key, judged, forgeries } = await stolen();
  await rotate();
  const { kid, signUntil } = key();
  const last = { iat: signUntil, exp: signUntil + MAX_TTL };
  const until = verifyUntil(key(), SKEW);
  expect(until).toBe(last.exp + SKEW);
  for (const now of [signUntil + 1, until - 1, until]) {
    clock.moveTo(now);
    await service.tend();
    forgeries.length = 0;
    // Offline only the times tell.
    const offline = now === until ? 'expired' : 'valid';
    expect(await judged(last)).toEqual({ service: 'never_issued', offline });
    expect((await judged({ ...last, iat: signUntil + 1 })).service).toBe('never_issued');
    expect((await judged({ ...last, exp: last.exp + DAY })).service).toBe('never_issued');
    expect(forgeries).toEqual([kid, kid, kid]);
  }
});

it('makes nothing that anybody takes from then on, before and after the key is withdrawn, and is still heard', async () => {
  const world = await stolen();
  await world.rotate();
  world.clock.moveTo(verifyUntil(world.key(), SKEW) + 1);
  const { kid } = world.key();
  for (const state of ['deactivated', 'destroyed']) {
    expect(world.key().state).toBe(state);
    world.forgeries.length = 0;
    await expectUseless(world);
    expect(new Set(world.forgeries)).toEqual(new Set([kid]));
    await world.service.tend();
  }
});

it.each(['before', 'after'])('is as useless where the policy was widened %s it was retired', async (when) => {
  const world = await stolen();
  if (when === 'before') await world.widen();
  await world.rotate();
  world.clock.moveTo(verifyUntil(world.key(), SKEW) + 1);
  if (when === 'after') await world.widen();
  await expectUseless(world);
  await world.service.tend();
  world.clock.moveTo(world.clock.nowSeconds() + DAY / 2);
  await expectUseless(world);
});
