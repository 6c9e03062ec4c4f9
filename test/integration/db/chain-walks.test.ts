import { describe, expect, it } from 'vitest';
import { type BrokenChain, createRunKey } from '../../../src/kernel/audit-chain.ts';
import { forgeRecords } from '../../support/forge-records.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { query } from '../../support/store-database.ts';

/** Records 1 and 2 in group 1, then one in each of groups 2 and 3. */
async function recordedStore() {
  const { store, file } = await openTestStore();
  await Promise.all([0, 1].map((n) => store.records.append(issuanceRecord(n))));
  for (const n of [2, 3]) await store.records.append(issuanceRecord(n));
  return { store, file };
}

type Tampering = readonly [what: string, sql: string, found: BrokenChain];

const OWN_SEAL = 'no run of the service sealed it';
const CONTENT = 'its records do not give its hash';
const TAMPERINGS: readonly Tampering[] = [
  [
    'a record edited',
    `UPDATE issuance_records SET exp = 0 WHERE sequence = 2`,
    { place: 'group 1', why: CONTENT },
  ],
  [
    'a record deleted',
    'DELETE FROM issuance_records WHERE sequence = 1',
    { place: 'group 1', why: 'it has more or fewer records than it was committed with' },
  ],
  [
    'a record in another group',
    'UPDATE issuance_records SET group_sequence = 3 WHERE sequence = 2',
    { place: 'group 1', why: 'its records are not in the places they were committed in' },
  ],
  [
    'a record behind the last group',
    `INSERT INTO issuance_records SELECT 9000000000000, zeroblob(32), scope_id, kid, jti, client_id, subject, root,
     trace_id, iat, exp, salt, subject_commitment, root_commitment, -1 FROM issuance_records WHERE sequence = 1`,
    { place: 'record 9000000000000', why: 'it lies in no group' },
  ],
  [
    'a record with a number that no JavaScript holds',
    `INSERT INTO issuance_records SELECT 9223372036854775807, zeroblob(32), scope_id, kid, jti, client_id, subject, root,
     trace_id, iat, exp, salt, subject_commitment, root_commitment, -1 FROM issuance_records WHERE sequence = 1`,
    { place: 'behind group 3', why: 'a number in it is larger than any that the service writes' },
  ],
  [
    'a seal taken away',
    'UPDATE ledger_groups SET seal = NULL WHERE sequence = 2',
    { place: 'group 2', why: OWN_SEAL },
  ],
  [
    'the seal of another group',
    'UPDATE ledger_groups SET seal = (SELECT seal FROM ledger_groups WHERE sequence = 1) WHERE sequence = 2',
    { place: 'group 2', why: OWN_SEAL },
  ],
  [
    'a group deleted',
    'DELETE FROM ledger_groups WHERE sequence = 2',
    { place: 'group 2', why: 'a group before it is missing' },
  ],
  [
    'the last group deleted',
    'DELETE FROM ledger_groups WHERE sequence = 3',
    { place: 'group 3', why: 'all from here on is gone' },
  ],
  [
    'a group before the first',
    'INSERT INTO ledger_groups SELECT -1, 0, 1, 0, previous_hash, group_hash, run_id, seal FROM ledger_groups LIMIT 1',
    { place: 'group -1', why: 'it lies before the first' },
  ],
  [
    'the number of its rows changed',
    'UPDATE ledger_groups SET row_count = 9000000000000 WHERE sequence = 3',
    { place: 'group 3', why: 'it has more or fewer records than it was committed with' },
  ],
  [
    'its first record changed',
    'UPDATE ledger_groups SET first_record = 2 WHERE sequence = 2',
    { place: 'group 2', why: 'records between it and the group before are missing' },
  ],
];

describe('the walk of the running service', () => {
  it('finds nothing where nobody changed anything, round after round, with new groups between', async () => {
    const { store } = await recordedStore();
    for (let n = 4; n < 8; n++) {
      expect(await store.ledger.walk()).toBeUndefined();
      await store.records.append(issuanceRecord(n));
    }
  });

  it.each(TAMPERINGS)('finds %s, and says so once a round', async (_, sql, found) => {
    const { store, file } = await recordedStore();
    for (const __ of [1, 2]) expect(await store.ledger.walk()).toBeUndefined();
    query(file, `${sql} RETURNING 1`);
    const rounds = [await store.ledger.walk(), await store.ledger.walk(), await store.ledger.walk()];
    expect(rounds.filter((each) => each !== undefined)).toContainEqual(found);
  });

  it('finds the one changed seal of many groups within eight rounds, also while more come', async () => {
    const { store, file } = await openTestStore();
    for (let n = 0; n < 70; n++) await store.records.append(issuanceRecord(n));
    for (const _ of [1, 2]) expect(await store.ledger.walk()).toBeUndefined();
    query(file, 'UPDATE ledger_groups SET seal = NULL WHERE sequence = 40 RETURNING 1');
    const found: (BrokenChain | undefined)[] = [];
    for (let step = 0; step < 16; step++) {
      await store.records.append(issuanceRecord(70 + step));
      found.push(await store.ledger.walk());
    }
    expect(found.filter((each) => each !== undefined)).toEqual([{ place: 'group 40', why: OWN_SEAL }]);
  });

  it('finds groups behind the last one that the seals of a run count for', async () => {
    const { store, file } = await openTestStore();
    const run = createRunKey(1);
    forgeRecords(file, [issuanceRecord(0)], { group: 1, record: 1, run });
    query(file, `DELETE FROM runs WHERE id = '${run.id}'`);
    forgeRecords(file, [issuanceRecord(1)], { group: 2, record: 2, run });
    const counted = { id: run.id, publicKey: run.publicKey, until: { audit: 0, ledger: 1 } };
    expect(await store.ledger.open([counted], 0)).toEqual([{ place: 'group 2', why: OWN_SEAL }]);
    const found = [issuanceRecord(0), issuanceRecord(1)].map(({ digest, iat }) =>
      store.ledger.lookups.find(digest, iat),
    );
    expect((await Promise.all(found)).map((record) => record?.jti)).toEqual([
      issuanceRecord(0).jti,
      undefined,
    ]);
  });

  it('finds a ledger that was written anew, whatever seals it bears', async () => {
    const { store, file } = await recordedStore();
    const end = query(file, 'SELECT * FROM ledger_groups WHERE sequence = 3');
    query(file, 'DELETE FROM issuance_records WHERE sequence = 4 RETURNING 1');
    for (const table of ['ledger_groups WHERE sequence', 'ledger_row_hashes WHERE group_sequence']) {
      query(file, `DELETE FROM ${table} = 3 RETURNING 1`);
    }
    forgeRecords(file, [issuanceRecord(9)], { group: 3, record: 4, run: createRunKey(1) });
    expect(end).toHaveLength(1);
    const found = [await store.ledger.walk(), await store.ledger.walk()];
    expect(found).toContainEqual({ place: 'group 3', why: OWN_SEAL });
  });
});

describe('at the start', () => {
  async function startedAgain(tamper: (file: string) => void, checkpoint = 0) {
    const { store, file } = await recordedStore();
    const { id, publicKey } = store.runs.own;
    await store.close();
    tamper(file);
    const { store: again } = await openTestStore({ file });
    const broken = await again.ledger.open([{ id, publicKey }], checkpoint);
    return { again, file, broken };
  }

  it.each([0, 2, 3])('a ledger as it was left holds, behind checkpoint group %s', async (checkpoint) => {
    const { again, broken } = await startedAgain(() => {}, checkpoint);
    expect(broken).toEqual([]);
    await again.records.append(issuanceRecord(4));
    expect(await again.ledger.walk()).toBeUndefined();
  });

  it('a group that follows without a seal is told, and the chain goes on behind it', async () => {
    const place = { group: 4, record: 5 };
    const { again, broken } = await startedAgain((file) => forgeRecords(file, [issuanceRecord(9)], place), 3);
    expect(broken).toEqual([{ place: 'group 4', why: OWN_SEAL }]);
    await again.records.append(issuanceRecord(5));
    const { digest, iat } = issuanceRecord(9);
    expect(await again.ledger.lookups.find(digest, iat)).toBeUndefined();
    expect(await again.ledger.lookups.find(issuanceRecord(5).digest, issuanceRecord(5).iat)).toBeDefined();
  });

  it.each([
    ['far beyond', { group: 9_000_000_000_000, record: 9_000_000_000_000 }],
    ['one place too far', { group: 5, record: 6 }],
  ])('a group that does not follow, %s, is told, and nothing is appended', async (_, place) => {
    const { again, broken } = await startedAgain((file) => forgeRecords(file, [issuanceRecord(9)], place), 3);
    expect(broken).toEqual([{ place: 'group 4', why: 'a group before it is missing' }]);
    await expect(again.records.append(issuanceRecord(5))).rejects.toMatchObject({
      cause: { condition: 'foreign_group' },
    });
  });

  it('nothing is appended to an end that was put there after the start', async () => {
    const { again, file } = await startedAgain(() => {}, 3);
    forgeRecords(file, [issuanceRecord(9)], { group: 4, record: 5 });
    const told: BrokenChain[] = [];
    again.ledger.broken.subscribe((broken) => told.push(broken));
    await expect(again.records.append(issuanceRecord(5))).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    expect(told).toEqual([
      { place: 'group 3', why: 'the ledger does not end with it, as the service left it' },
    ]);
  });
});

describe('other readers', () => {
  const GHOST = { group: 9_000_000_000_000, record: 9_000_000_000_000 };

  it('a made-up record is on no page, and in no report', async () => {
    const { store, file } = await recordedStore();
    const ghost = issuanceRecord(9, { clientId: 'mallory' });
    for (const place of [GHOST, { group: 4, record: 5 }]) {
      forgeRecords(file, [{ ...ghost, digest: issuanceRecord(place.group).digest }], place);
    }
    const told: BrokenChain[] = [];
    store.ledger.broken.subscribe((broken) => told.push(broken));
    const { entries } = await store.ledger.search.page({}, { after: 0, limit: 100 });
    expect(entries.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    const question = { by: 'client', values: ['mallory'], from: 0, to: 2_000_000_000, limit: 10 } as const;
    expect(await store.ledger.issued.issued(question)).toEqual({ tokens: 0, entries: [], complete: true });
    expect(told).toEqual([]);
  });

  it('a record that was changed is on no page, and told', async () => {
    const { store, file } = await recordedStore();
    query(file, `UPDATE issuance_records SET client_id = 'mallory' WHERE sequence = 2 RETURNING 1`);
    const told: BrokenChain[] = [];
    store.ledger.broken.subscribe((broken) => told.push(broken));
    const { entries } = await store.ledger.search.page({}, { after: 0, limit: 100 });
    expect(entries.map(({ sequence }) => sequence)).toEqual([1, 3, 4]);
    const question = { by: 'client', values: ['mallory'], from: 0, to: 2_000_000_000, limit: 10 } as const;
    expect(await store.ledger.issued.issued(question)).toEqual({ tokens: 0, entries: [], complete: true });
    const broken = { place: 'record 2', why: 'its group was not committed with it' };
    expect(told).toEqual([broken, broken]);
  });
});
