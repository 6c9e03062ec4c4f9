import { expect, it } from 'vitest';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestStore } from '../../support/open-test-store.ts';

const HOUR = 488_889;
const START = HOUR * 3_600;

it('counts what each client was issued for each scope in each hour, between two times', async () => {
  const { store } = await openTestStore({ clock: { nowSeconds: () => START } });
  const at = (iat: number, changes: object = {}) => ({ iat, exp: iat + 300, clientId: 'login', ...changes });
  const records = [
    at(START - 1),
    at(START),
    at(START + 3_599),
    at(START + 3_600),
    at(START, { clientId: 'batch' }),
    at(START, { scopeId: 'mail' }),
    at(START + 7_200),
  ];
  await Promise.all(records.map((changes, n) => store.records.append(issuanceRecord(n, changes))));
  const { hours, complete } = await store.ledger.issuedHours.between(START, START + 7_199);
  expect(complete).toBe(true);
  expect(
    hours.map((each) => ({ ...each })).toSorted((a, b) => b.tokens - a.tokens || a.hour - b.hour),
  ).toEqual([
    { client: 'login', scope: 'payments', hour: HOUR, tokens: 2 },
    ...[...hours].filter(({ tokens, hour }) => tokens === 1 && hour === HOUR),
    { client: 'login', scope: 'payments', hour: HOUR + 1, tokens: 1 },
  ]);
  const single = hours.filter(({ tokens, hour }) => tokens === 1 && hour === HOUR);
  expect(single.map(({ client, scope }) => `${client} ${scope}`).toSorted()).toEqual([
    'batch payments',
    'login mail',
  ]);
});

it('of a ledger without records says so', async () => {
  const { store } = await openTestStore();
  expect(await store.ledger.issuedHours.between(0, START)).toEqual({
    hours: [],
    complete: true,
    countedFrom: 0,
  });
});

it('counts what went to an archive, together with what is still there', async () => {
  const { store } = await openTestStore({ clock: { nowSeconds: () => START } });
  const record = (n: number) =>
    issuanceRecord(n, { iat: START + n, exp: START + n + 300, clientId: 'login' });
  await Promise.all([0, 1].map((n) => store.records.append(record(n))));
  await store.ledger.archives.seal({ committedBefore: START + 1, expiredBefore: START + 86_400 });
  while ((await store.ledger.archives.drop()) > 0);
  await store.records.append(record(2));
  const { hours, complete } = await store.ledger.issuedHours.between(START, START + 3_599);
  expect(hours.map((each) => ({ ...each }))).toEqual([
    { client: 'login', scope: 'payments', hour: HOUR, tokens: 3 },
  ]);
  expect(complete).toBe(true);
});

it('takes so many questions at a time', async () => {
  const { store } = await openTestStore();
  const asked = Array.from({ length: 5 }, () =>
    store.ledger.issuedHours.between(0, START).then(
      () => 'answered',
      (error) => error.code,
    ),
  );
  expect((await Promise.all(asked)).sort()).toEqual([...Array(4).fill('answered'), 'overloaded']);
});
