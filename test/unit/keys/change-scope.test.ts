import { expect, it } from 'vitest';
import type { Registry } from '../../../src/kernel/registry.ts';
import type { Scope } from '../../../src/kernel/scope.ts';
import { changesKeySet } from '../../../src/kernel/scope-change.ts';
import { createScopeChanger } from '../../../src/keys/change-scope.ts';
import { createKeyRing } from '../../../src/keys/key-ring.ts';
import { aScope } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const ADA = { operatorId: 'ada', requestId: 'req-1' };

function changer() {
  const keyRing = createKeyRing();
  let stored: Scope = aScope({ id: 'payments' });
  keyRing.put({ scopes: [stored], keys: [] });
  let loseAnswer = false;
  const reviseScope: Registry['reviseScope'] = async (_id, revise) => {
    const before = stored;
    const revised = { ...before, ...revise(before) };
    const keySetVersion = before.keySetVersion + (changesKeySet(before, revised) ? 1 : 0);
    stored = { ...revised, keySetVersion };
    if (loseAnswer) throw new Error('the answer was lost');
    keyRing.put({ scopes: [stored], keys: [] });
    return { before, after: stored };
  };
  const { change } = createScopeChanger({
    registry: { reviseScope },
    keyRing,
    clock: { nowSeconds: () => NOW },
  });
  return {
    change: (asked: Parameters<typeof change>[1], actor: Parameters<typeof change>[2] = ADA) =>
      change('payments', asked, actor),
    ring: () => keyRing.scope('payments'),
    stored: () => stored,
    losing: (lose: boolean) => {
      loseAnswer = lose;
    },
  };
}

it('stores a change and serves by it when it settles', async () => {
  const { change, ring, stored } = changer();
  const scope = await change({ policy: { maxTtlSeconds: 60 }, contacts: ['a@id.example'] });
  expect(scope).toMatchObject({
    policy: { maxTtlSeconds: 60, defaultTtlSeconds: 60 },
    contacts: ['a@id.example'],
  });
  expect(ring()).toEqual(scope);
  expect(stored()).toEqual(scope);
  expect(scope.keySetVersion).toBe(2);
});

it('makes one change after the other, each of what the one before it left', async () => {
  const { change, ring } = changer();
  await Promise.all([
    change({ policy: { maxTtlSeconds: 60 } }),
    change({ policy: { clockSkewSeconds: 5 } }),
    change({ contacts: ['a@id.example'] }),
  ]);
  expect(ring()).toMatchObject({
    policy: { maxTtlSeconds: 60, clockSkewSeconds: 5 },
    contacts: ['a@id.example'],
  });
});

it('widens nothing for one person who asked while it was still narrower than what was there', async () => {
  const { change, ring } = changer();
  const alone = { ...ADA, alone: true } as const;
  const narrowed = change({ policy: { maxTtlSeconds: 60 } });
  const overtaken = change({ policy: { maxTtlSeconds: 3_599 } }, alone);
  await expect(overtaken).rejects.toMatchObject({ code: 'proposal_outdated' });
  await narrowed;
  expect(ring()?.policy.maxTtlSeconds).toBe(60);
  await change({ policy: { maxTtlSeconds: 30 } }, alone);
  expect(ring()?.policy.maxTtlSeconds).toBe(30);
});

it.each([
  [{ policy: { defaultTtlSeconds: 3601 } }, 'policy.default_ttl_seconds: must not exceed max_ttl_seconds'],
  [{ contacts: ['nobody'] }, 'contacts.0: use an e-mail address such as security@example.com'],
])('changes nothing to %j, and goes on with the next', async (refused, message) => {
  const { change, ring, stored } = changer();
  const before = ring();
  await expect(change(refused)).rejects.toThrow(message);
  expect([ring(), stored()]).toEqual([before, before]);
  await change({ policy: { maxTtlSeconds: 600 } });
  expect(ring()?.policy.maxTtlSeconds).toBe(600);
});

it('serves by a change whose answer was lost once it is asked for again', async () => {
  const { change, ring, losing } = changer();
  losing(true);
  await expect(change({ policy: { clockSkewSeconds: 5 } })).rejects.toThrow('the answer was lost');
  expect(ring()?.policy.clockSkewSeconds).toBe(30);
  losing(false);
  await change({ policy: { clockSkewSeconds: 5 } });
  expect(ring()).toMatchObject({ policy: { clockSkewSeconds: 5 }, keySetVersion: 2 });
});

it('remembers the caches that a longer policy filled, until they are gone, and forgets none for a later change', async () => {
  const { change, stored } = changer();
  expect((await change({ policy: { jwksMaxAgeSeconds: 600 } })).staleCacheHorizon).toBeNull();
  const { staleCacheHorizon } = await change({ policy: { maxStaleSeconds: 60 } });
  expect(staleCacheHorizon).toEqual({ seconds: 600 + 3_600 + 30, until: NOW + 600 + 3_600 + 30 });
  await change({ policy: { jwksMaxAgeSeconds: 60 } });
  await change({ policy: { maxTtlSeconds: 60 } });
  expect(stored().staleCacheHorizon).toEqual(staleCacheHorizon);
});
