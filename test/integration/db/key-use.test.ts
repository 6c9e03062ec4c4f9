import { expect, it } from 'vitest';
import { ShareCount } from '../../../src/db/questions/key-use.ts';
import type { KeyUseQuestion } from '../../../src/kernel/issuance.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestStore } from '../../support/open-test-store.ts';

const NOON = 1_760_000_000;
const KEY = { kid: 'kid-stolen' };

/** What was asked of the key, with one record a second and each alive for 100. */
async function useOf(records: readonly object[], question: Partial<KeyUseQuestion> = {}) {
  const { store } = await openTestStore();
  const made = records.map((changes, n) =>
    issuanceRecord(n, { ...KEY, iat: NOON + n, exp: NOON + n + 100, ...changes }),
  );
  await Promise.all(made.map((record) => store.records.append(record)));
  return await store.ledger.keyUse.use({
    ...KEY,
    at: NOON + 50,
    since: NOON - 10,
    longestTtlSeconds: 3_600,
    ...question,
  });
}

it('counts the tokens that were alive, by client and by subject, the most first', async () => {
  const use = await useOf([
    { clientId: 'login', subject: 'ada' },
    { clientId: 'login', subject: 'bob' },
    { clientId: 'batch', subject: 'ada' },
    { clientId: 'login', subject: null },
    { clientId: 'login', subject: 'eve', exp: NOON + 50 },
    { clientId: 'login', subject: 'mallory', kid: 'kid-other' },
  ]);
  expect(use).toEqual({
    liveTokens: 4,
    clients: {
      listed: [
        { name: 'login', tokens: 3 },
        { name: 'batch', tokens: 1 },
      ],
      more: 0,
    },
    subjects: {
      listed: [
        { name: 'ada', tokens: 2 },
        { name: 'bob', tokens: 1 },
      ],
      more: 0,
    },
    firstIssuedAt: NOON,
    lastIssuedAt: NOON + 4,
    complete: true,
  });
});

it('of a key whose tokens have all expired says when it issued', async () => {
  const use = await useOf([{ kid: 'kid-other' }, {}, {}, { kid: 'kid-other' }], { at: NOON + 500 });
  expect(use).toMatchObject({ liveTokens: 0, firstIssuedAt: NOON + 1, lastIssuedAt: NOON + 2 });
});

it('of a key that issued nothing says so', async () => {
  expect(await useOf([{ kid: 'kid-other' }])).toEqual({
    liveTokens: 0,
    clients: { listed: [], more: 0 },
    subjects: { listed: [], more: 0 },
    firstIssuedAt: null,
    lastIssuedAt: null,
    complete: true,
  });
});

it('lists a hundred names and counts the others', () => {
  const count = new ShareCount();
  for (let n = 0; n < 250; n++) count.add(`client-${n}`, 1 + (n % 2));
  const { listed, more } = count.shares();
  expect([listed.length, more]).toEqual([100, 150]);
  expect(listed[0]).toEqual({ name: 'client-1', tokens: 2 });
});

it('answers a few at a time', async () => {
  const { store } = await openTestStore();
  const question = { ...KEY, at: NOON, since: NOON, longestTtlSeconds: 1 };
  const asked = Array.from({ length: 6 }, () => store.ledger.keyUse.use(question));
  const outcomes = await Promise.allSettled(asked);
  expect(outcomes.map(({ status }) => status)).toEqual([
    ...Array(4).fill('fulfilled'),
    'rejected',
    'rejected',
  ]);
  expect(outcomes[5]).toMatchObject({ reason: { code: 'overloaded' } });
});

it('answers while other counts have as many waiting as may', async () => {
  const { store } = await openTestStore();
  const hours = Array.from({ length: 5 }, () => store.ledger.issuedHours.between(0, NOON));
  const use = store.ledger.keyUse.use({ ...KEY, at: NOON, since: NOON, longestTtlSeconds: 1 });
  const outcomes = await Promise.allSettled([...hours, use]);
  expect(outcomes.map(({ status }) => status)).toEqual([
    ...Array(4).fill('fulfilled'),
    'rejected',
    'fulfilled',
  ]);
  expect(outcomes[4]).toMatchObject({ reason: { code: 'overloaded' } });
});
