import { describe, expect, it } from 'vitest';
import type { LedgerQuery } from '../../../src/kernel/ledger-search.ts';
import { hashedSubject } from '../../../src/kernel/policy.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestStore } from '../../support/open-test-store.ts';

const NOON = 1_760_000_000;

const RECORDS = [
  issuanceRecord(0),
  issuanceRecord(1, { scopeId: 'mail', kid: 'kid-mail' }),
  issuanceRecord(2, { clientId: 'other' }),
  issuanceRecord(3, { subject: 'user-0', root: 'sign-in-0' }),
  issuanceRecord(4, { subject: hashedSubject('user-0') }),
  issuanceRecord(5, { subject: null }),
];

async function recordedStore() {
  const { store } = await openTestStore();
  await Promise.all(RECORDS.map((record) => store.records.append(record)));
  const found = async (query: LedgerQuery) => {
    const { entries, next } = await store.ledger.search.page(query, { after: 0, limit: 100 });
    return { jtis: entries.map(({ jti }) => jti), next };
  };
  return { store, found };
}

describe('a page', () => {
  it.each<[string, LedgerQuery, number[]]>([
    ['all', {}, [0, 1, 2, 3, 4, 5]],
    ['scope', { scopeId: 'mail' }, [1]],
    ['kid', { kid: 'kid-mail' }, [1]],
    ['jti', { jti: 'jti-2' }, [2]],
    ['client', { clientId: 'other' }, [2]],
    ['subject, kept plain or hashed', { subject: 'user-0' }, [0, 3, 4]],
    ['root event', { root: 'sign-in-0' }, [0, 3]],
    ['from', { from: NOON + 4 }, [4, 5]],
    ['to', { to: NOON + 1 }, [0, 1]],
    ['from and to', { from: NOON + 2, to: NOON + 3 }, [2, 3]],
    ['several at once', { subject: 'user-0', scopeId: 'payments', to: NOON }, [0]],
    ['nothing that is there', { scopeId: 'payment' }, []],
    ['what looks like SQL', { jti: "' OR 1=1 --" }, []],
    ['times long before', { to: NOON - 200_000 }, []],
    ['times long after', { from: NOON + 200_000 }, []],
  ])('finds by %s', async (_, query, numbers) => {
    const { found } = await recordedStore();
    expect(await found(query)).toEqual({ jtis: numbers.map((n) => `jti-${n}`), next: null });
  });

  it('holds the whole record with its place', async () => {
    const { store } = await recordedStore();
    const { entries } = await store.ledger.search.page({ jti: 'jti-3' }, { after: 0, limit: 1 });
    expect(entries).toEqual([{ ...RECORDS[3], sequence: 4, erased: false, archived: false }]);
  });

  it('goes on where the one before it ended, to the end and no further', async () => {
    const { store } = await recordedStore();
    const pages = [];
    for (let after: number | null = 0; after !== null; ) {
      const { entries, next } = await store.ledger.search.page({}, { after, limit: 4 });
      pages.push(entries.map(({ sequence }) => sequence));
      after = next;
    }
    expect(pages).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
  });

  it('is empty of an empty ledger', async () => {
    const { store } = await openTestStore();
    expect(await store.ledger.search.page({}, { after: 0, limit: 4 })).toEqual({ entries: [], next: null });
  });
});

it('answers overloaded beyond 32 pages at once, and goes on after', async () => {
  const { store } = await recordedStore();
  const page = () => store.ledger.search.page({ jti: 'jti-1' }, { after: 0, limit: 1 });
  const waiting = Array.from({ length: 32 }, page);
  await expect(page()).rejects.toMatchObject({ code: 'overloaded' });
  expect((await Promise.all(waiting)).map(({ entries }) => entries.length)).toEqual(Array(32).fill(1));
  expect((await page()).entries).toHaveLength(1);
});
