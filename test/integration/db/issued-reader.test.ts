import { expect, it } from 'vitest';
import type { IssuanceRecord } from '../../../src/kernel/issuance.ts';
import type { IssuedQuestion } from '../../../src/kernel/ledger-search.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestStore } from '../../support/open-test-store.ts';

const NOON = 1_760_000_000;
const DAY = 86_400;
const ALL = { from: NOON, to: NOON + 100, limit: 20 };

/** A store with one record a second. */
async function recorded(changes: readonly Partial<IssuanceRecord>[]) {
  const { store } = await openTestStore();
  const made = changes.map((change, n) => issuanceRecord(n, change));
  for (const record of made) await store.records.append(record);
  const ask = async (question: Pick<IssuedQuestion, 'by' | 'values'> & Partial<IssuedQuestion>) => {
    const { tokens, entries, complete } = await store.ledger.issued.issued({ ...ALL, ...question });
    return {
      tokens,
      jtis: entries.map(({ jti }) => jti),
      archived: entries.some((of) => of.archived),
      complete,
    };
  };
  return { store, made, ask };
}

it('counts and lists what a client, a subject or one token has', async () => {
  const { ask } = await recorded([
    { clientId: 'web', subject: 'ada' },
    { clientId: 'web', subject: 'sha256:ada' },
    { clientId: 'batch', subject: 'ada' },
    { clientId: 'batch', subject: null },
  ]);
  const whole = { archived: false, complete: true };
  expect(await ask({ by: 'client', values: ['web'] })).toEqual({
    tokens: 2,
    jtis: ['jti-0', 'jti-1'],
    ...whole,
  });
  expect(await ask({ by: 'subject', values: ['ada', 'sha256:ada'] })).toEqual({
    tokens: 3,
    jtis: ['jti-0', 'jti-1', 'jti-2'],
    ...whole,
  });
  expect(await ask({ by: 'jti', values: ['jti-3'] })).toEqual({ tokens: 1, jtis: ['jti-3'], ...whole });
  expect(await ask({ by: 'client', values: ['nobody'] })).toEqual({ tokens: 0, jtis: [], ...whole });
});

it('keeps to the times asked for, both included', async () => {
  const { ask } = await recorded([{}, {}, {}, {}]);
  const { jtis } = await ask({ by: 'client', values: ['payments-identity'], from: NOON + 1, to: NOON + 2 });
  expect(jtis).toEqual(['jti-1', 'jti-2']);
});

it('lists the first of them, and counts all', async () => {
  const { ask } = await recorded([{}, {}, {}]);
  expect(await ask({ by: 'client', values: ['payments-identity'], limit: 2 })).toMatchObject({
    tokens: 3,
    jtis: ['jti-0', 'jti-1'],
  });
});

it('finds what went to an archive', async () => {
  const { store, made, ask } = await recorded([{}, {}, {}]);
  await store.ledger.archives.seal({ committedBefore: NOON + DAY + 1, expiredBefore: NOON + DAY });
  while ((await store.ledger.archives.drop()) > 0);
  expect(await ask({ by: 'client', values: ['payments-identity'] })).toMatchObject({
    tokens: 3,
    archived: true,
  });
  const [record] = made;
  const { entries } = await store.ledger.issued.issued({ ...ALL, by: 'jti', values: ['jti-0'] });
  expect(entries).toEqual([{ ...record, sequence: 1, erased: false, archived: true }]);
});

it('takes so many questions at a time', async () => {
  const { store } = await recorded([{}]);
  const asked = Array.from({ length: 5 }, () =>
    store.ledger.issued.issued({ ...ALL, by: 'client', values: ['web'] }).then(
      () => 'answered',
      (error) => error.code,
    ),
  );
  expect((await Promise.all(asked)).sort()).toEqual([...Array(4).fill('answered'), 'overloaded']);
});

const LIVING = { scopeId: 'payments', at: NOON + 10, acceptedTtlSeconds: 600, ttlSeconds: 60 };

it('counts the living tokens of a scope, those with a longer life and those without a subject', async () => {
  const { store } = await recorded([
    { iat: NOON, exp: NOON + 60 },
    { iat: NOON, exp: NOON + 61 },
    { iat: NOON, exp: NOON + 600, subject: null },
    // No longer accepted before either.
    { iat: NOON, exp: NOON + 601 },
    // Expired with this very second, and one second later.
    { iat: NOON - 90, exp: NOON + 10 },
    { iat: NOON - 90, exp: NOON + 11 },
    { iat: NOON, exp: NOON + 600, scopeId: 'mail' },
  ]);
  expect(await store.ledger.issued.living(LIVING)).toEqual({
    tokens: 4,
    longer: 3,
    withoutSubject: 1,
    complete: true,
  });
});

it('counts living tokens that went to an archive, and none where none was issued', async () => {
  const { store } = await recorded([{ exp: NOON + 300 }, { exp: NOON + 300 }]);
  expect(await store.ledger.issued.living({ ...LIVING, scopeId: 'mail' })).toEqual({
    tokens: 0,
    longer: 0,
    withoutSubject: 0,
    complete: true,
  });
  await store.ledger.archives.seal({ committedBefore: NOON + DAY + 1, expiredBefore: NOON + DAY });
  while ((await store.ledger.archives.drop()) > 0);
  expect(await store.ledger.issued.living(LIVING)).toMatchObject({ tokens: 2, longer: 2 });
});
