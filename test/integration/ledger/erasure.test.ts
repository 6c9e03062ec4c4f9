import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { hashedSubject } from '../../../src/kernel/policy.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { chainFaultsIn, rowsIn } from '../../support/ledger-chain.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { ALICE } from '../../support/registry-samples.ts';
import { auditEventsIn, query } from '../../support/store-database.ts';

const DAY = 86_400;
const DUE = { committedBefore: 1_760_000_000 + DAY + 1, expiredBefore: 1_760_000_000 + DAY };

async function recordedStore() {
  const { store, file } = await openTestStore();
  const subjects = ['mallory', 'bob', hashedSubject('mallory'), 'mallory', null];
  await Promise.all(
    subjects.map((subject, n) => store.records.append(issuanceRecord(n, { subject, root: `sign-in-${n}` }))),
  );
  const personal = (database = file) =>
    rowsIn(database).map(({ subject, root, salt }) => [subject, root, salt !== null]);
  return { store, file, personal };
}

it('erases subject, root event and salt of every record of the subject, and of no other', async () => {
  const { store, file, personal } = await recordedStore();
  expect(await store.ledger.erasure.eraseSubject('mallory', ALICE)).toEqual({
    records: 3,
    events: 0,
    reports: 0,
  });
  expect(personal()).toEqual([
    [null, null, false],
    ['bob', 'sign-in-1', true],
    [null, null, false],
    [null, null, false],
    [null, 'sign-in-4', true],
  ]);
  expect(chainFaultsIn(file)).toEqual({ faults: [], uncovered: 0 });
});

it('leaves the records to be found as issued, and shown as erased', async () => {
  const { store } = await recordedStore();
  const { digest, iat } = issuanceRecord(0);
  expect(await store.ledger.lookups.find(digest, iat)).toMatchObject({ subject: 'mallory' });
  await store.ledger.erasure.eraseSubject('mallory', ALICE);
  expect(await store.ledger.lookups.find(digest, iat)).toEqual(
    issuanceRecord(0, { subject: null, root: null }),
  );
  const { entries } = await store.ledger.search.page({}, { after: 0, limit: 10 });
  expect(entries.map(({ erased }) => erased)).toEqual([true, false, true, true, false]);
});

it('is audited without the subject, also where there was nothing to erase', async () => {
  const { store, file } = await recordedStore();
  await store.ledger.erasure.eraseSubject('mallory', ALICE);
  await store.ledger.erasure.eraseSubject('nobody', ALICE);
  const act = { actor: 'alice', subject: 'ledger', requestId: 'req-1' };
  const requested = { ...act, type: 'ledger.erasure_requested', details: { security_events: 0 } };
  expect(auditEventsIn(file)).toEqual([
    requested,
    { ...act, type: 'ledger.erased', details: { records: 3 } },
    requested,
  ]);
});

it('leaves nothing of the subject in the pages of the database', async () => {
  const { store, file } = await recordedStore();
  await store.ledger.erasure.eraseSubject('mallory', ALICE);
  query(file, 'PRAGMA wal_checkpoint(TRUNCATE)');
  expect(readFileSync(file).includes('mallory')).toBe(false);
  expect(readFileSync(file).includes('bob')).toBe(true);
});

it('puts a copy in the place of a segment that holds the subject, and leaves the others', async () => {
  const { store, file, personal } = await recordedStore();
  const { archives, erasure, search } = store.ledger;
  await archives.seal(DUE);
  for (let dropped = 1; dropped > 0; ) dropped = await archives.drop();
  const folder = join(dirname(file), 'ledger-archive');
  expect(await erasure.eraseSubject('mallory', ALICE)).toEqual({ records: 3, events: 0, reports: 0 });
  expect(await erasure.eraseSubject('mallory', ALICE)).toEqual({ records: 0, events: 0, reports: 0 });
  expect(readdirSync(folder)).toEqual(['segment-000001.1.db']);
  const segment = join(folder, 'segment-000001.1.db');
  expect(personal(segment).map(([subject]) => subject)).toEqual([null, 'bob', null, null, null]);
  expect(chainFaultsIn(segment)).toEqual({ faults: [], uncovered: 0 });
  const { entries } = await search.page({}, { after: 0, limit: 10 });
  expect(entries.map(({ erased, archived }) => [erased, archived])).toEqual(
    [true, false, true, true, false].map((erased) => [erased, true]),
  );
  expect(await erasure.eraseSubject('bob', ALICE)).toEqual({ records: 1, events: 0, reports: 0 });
  expect(readdirSync(folder)).toEqual(['segment-000001.2.db']);
});
