import { rename } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { RECORD } from '../../../src/db/questions/find-records.ts';
import { type BrokenChain, createRunKey } from '../../../src/kernel/audit-chain.ts';
import { type ForgedPlace, forgeRecords } from '../../support/forge-records.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { query } from '../../support/store-database.ts';

/** Records 0, 1 and 2 in group 1, record 3 in group 2. */
async function recordedStore() {
  const { store, file } = await openTestStore();
  await Promise.all([0, 1, 2].map((n) => store.records.append(issuanceRecord(n))));
  await store.records.append(issuanceRecord(3));
  const found = async (...numbers: number[]) => {
    const sought = numbers.map((n) => issuanceRecord(n));
    const all = await Promise.all(sought.map(({ digest, iat }) => store.ledger.lookups.find(digest, iat)));
    return all.map((record) => record?.jti ?? null);
  };
  return { store, file, found };
}

const inserted = (sequence: number, group: number) =>
  `INSERT INTO issuance_records SELECT ${sequence}, x'${issuanceRecord(9).digest.toString('hex')}', scope_id, kid,
   jti, client_id, subject, root, trace_id, iat, exp, salt, subject_commitment, root_commitment, ${group}
   FROM issuance_records WHERE sequence = 1 RETURNING 1`;

const hashes = (change: string) =>
  `UPDATE ledger_row_hashes SET hashes = ${change} WHERE group_sequence = 1 RETURNING 1`;

describe('a row that its group was not committed with is none', () => {
  it.each([
    ['a changed client', `UPDATE issuance_records SET client_id = 'x' WHERE sequence = 1 RETURNING 1`],
    ['a changed subject', `UPDATE issuance_records SET subject = 'x' WHERE sequence = 1 RETURNING 1`],
    ['another group', 'UPDATE issuance_records SET group_sequence = 2 WHERE sequence = 1 RETURNING 1'],
    ['the group changed', 'UPDATE ledger_groups SET committed_at = 1 WHERE sequence = 1 RETURNING 1'],
    ['the group missing', 'DELETE FROM ledger_groups WHERE sequence = 1 RETURNING 1'],
  ])('%s, while other groups stand', async (_, tampering) => {
    const { file, found } = await recordedStore();
    expect(query(file, tampering)).toHaveLength(1);
    expect(await found(0, 3)).toEqual([null, 'jti-3']);
  });

  it.each([
    ['of an older group', inserted(5, 1)],
    ['of the last group', inserted(5, 2)],
    ['of no group', inserted(5, 3)],
    ['before all others', inserted(0, 1)],
  ])('one put there as %s', async (_, tampering) => {
    const { file, found } = await recordedStore();
    query(file, tampering);
    expect(await found(9, 0, 3)).toEqual([null, 'jti-0', 'jti-3']);
  });

  it('one put in the place of another, whose neighbours stand', async () => {
    const { file, found } = await recordedStore();
    query(file, 'DELETE FROM issuance_records WHERE sequence = 2 RETURNING 1');
    query(file, inserted(2, 1));
    expect(await found(9, 0, 1)).toEqual([null, 'jti-0', null]);
  });

  it.each([
    ['changed', hashes('randomblob(96)')],
    ['too few', hashes('substr(hashes, 1, 64)')],
    ['missing', 'DELETE FROM ledger_row_hashes WHERE group_sequence = 1 RETURNING 1'],
  ])('where the hashes kept are %s, the rows themselves are asked', async (_, tampering) => {
    const { file, found } = await recordedStore();
    query(file, tampering);
    expect(await found(0, 1, 3)).toEqual(['jti-0', 'jti-1', 'jti-3']);
    query(file, `UPDATE issuance_records SET exp = 0 WHERE sequence = 2 RETURNING 1`);
    expect(await found(0, 1, 3)).toEqual(['jti-0', null, 'jti-3']);
  });
});

describe('a record whose group no trusted run sealed counts for nothing', () => {
  const FORGER = createRunKey(1);
  const CHAINED = { group: 3, record: 5 };

  it.each<[string, ForgedPlace]>([
    ['behind the last group', CHAINED],
    ['far beyond it', { group: 9_000_000_000_000, record: 9_000_000_000_000 }],
    ['before the first', { group: -1, record: 9_000_000_000_000 }],
    ['at place 0', { group: 0, record: 0 }],
    ['behind the last group, sealed by a run that nothing certifies', { ...CHAINED, run: FORGER }],
  ])('%s: neither found nor known, and told', async (_, place) => {
    const { store, file, found } = await recordedStore();
    forgeRecords(file, [issuanceRecord(9)], place);
    const told: BrokenChain[] = [];
    store.ledger.broken.subscribe((broken) => told.push(broken));
    const why = 'no run of the service sealed its group';
    expect(await found(9, 3)).toEqual([null, 'jti-3']);
    expect(told).toEqual([{ place: `record ${place.record}`, why }]);
    const sought = [9, 3].map((n) => issuanceRecord(n));
    expect(await store.ledger.lookups.known('payments', sought, 'web')).toEqual([false, true]);
    expect(told).toHaveLength(2);
  });

  it('a seal of another group, or of an audit event, is none', async () => {
    for (const seal of [
      '(SELECT seal FROM ledger_groups WHERE sequence = 2)',
      '(SELECT seal FROM audit_events LIMIT 1)',
    ]) {
      const { file, found } = await recordedStore();
      query(file, `UPDATE ledger_groups SET seal = ${seal} WHERE sequence = 1 RETURNING 1`);
      expect(await found(0, 3)).toEqual([null, 'jti-3']);
    }
  });

  it('a group with more rows than any has is not read', async () => {
    const { store, file, found } = await recordedStore();
    query(file, 'DELETE FROM ledger_row_hashes WHERE group_sequence = 1 RETURNING 1');
    query(file, 'UPDATE ledger_groups SET row_count = 9000000000000 WHERE sequence = 1 RETURNING 1');
    const told: BrokenChain[] = [];
    store.ledger.broken.subscribe((broken) => told.push(broken));
    expect(await found(0, 3)).toEqual([null, 'jti-3']);
    expect(told).toEqual([{ place: 'record 1', why: 'its group is not as it was committed' }]);
  });

  it('one that is known stays known while its group is taken away', async () => {
    const { file, found } = await recordedStore();
    expect(await found(0)).toEqual(['jti-0']);
    query(file, 'DELETE FROM ledger_groups WHERE sequence = 1 RETURNING 1');
    expect(await found(0, 1)).toEqual(['jti-0', 'jti-1']);
  });

  it('after a restart, the records of earlier runs that are named count, and no others', async () => {
    const { store, file } = await recordedStore();
    const { id, publicKey } = store.runs.own;
    await store.close();
    for (const [trusted, expected] of [
      [[], null],
      [[{ id, publicKey: FORGER.publicKey }], null],
      [[{ id, publicKey }], 'jti-0'],
    ] as const) {
      const { store: again } = await openTestStore({ file });
      await again.ledger.open(trusted, 0);
      const { digest, iat } = issuanceRecord(0);
      expect((await again.ledger.lookups.find(digest, iat))?.jti ?? null).toBe(expected);
      await again.close();
    }
  });
});

describe('a record is looked for where its iat says', () => {
  const SLOT_SECONDS = 16;
  const [early, late] = [1_760_000_000, 1_760_000_000 + 30 * SLOT_SECONDS];

  async function twoSlots() {
    const { store } = await openTestStore();
    await store.records.append(issuanceRecord(0, { iat: early }));
    await store.records.append(issuanceRecord(1, { iat: late }));
    return store.ledger.lookups;
  }

  it('and in no other slot', async () => {
    const lookups = await twoSlots();
    const { digest } = issuanceRecord(1);
    expect(await lookups.find(digest, late)).toMatchObject({ jti: 'jti-1' });
    for (const iat of [early, late - 1, late + SLOT_SECONDS, 1e300, -1, Number.NaN]) {
      expect(await lookups.find(digest, iat)).toBeUndefined();
    }
  });

  it('of a sighting too, whatever is asked for beside it', async () => {
    const lookups = await twoSlots();
    const { digest } = issuanceRecord(1);
    const sought = [late, early, late - 1, late + SLOT_SECONDS].map((iat) => ({ digest, iat }));
    expect(await lookups.known('payments', sought, 'web')).toEqual([true, false, false, false]);
    const strangers = Array.from({ length: 998 }, (_, n) => ({
      digest: issuanceRecord(100 + n).digest,
      iat: late,
    }));
    const asked = [...strangers, { digest, iat: late }, { digest: issuanceRecord(0).digest, iat: early }];
    expect((await lookups.known('payments', asked, 'web')).slice(997)).toEqual([false, true, true]);
  });

  it('by the index', async () => {
    const { file } = await recordedStore();
    expect(query(file, `EXPLAIN QUERY PLAN ${RECORD.sql}`)).toMatchObject([
      { detail: 'SEARCH issuance_records USING INDEX issuance_records_slot (<expr>=? AND digest=?)' },
    ]);
  });
});

describe('faults', () => {
  it('fails while the file is away and answers again once it is back', async () => {
    const { store, file, found } = await recordedStore();
    const { digest, iat } = issuanceRecord(0);
    await rename(file, `${file}.away`);
    await expect(store.ledger.lookups.find(digest, iat)).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: { condition: 'moved' },
    });
    await rename(`${file}.away`, file);
    expect(await found(0)).toEqual(['jti-0']);
  });

  it('answers overloaded beyond the limit, and takes look-ups again once there is room', async () => {
    const { store } = await openTestStore({ queueLimit: 2 });
    const { digest, iat } = issuanceRecord(0);
    const sought = { digest, iat };
    const waiting = [store.ledger.lookups.find(digest, iat), store.ledger.lookups.find(digest, iat)];
    await expect(store.ledger.lookups.find(digest, iat)).rejects.toMatchObject({ code: 'overloaded' });
    await expect(store.ledger.lookups.known('payments', [sought], 'web')).rejects.toMatchObject({
      code: 'overloaded',
    });
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
    expect(await store.ledger.lookups.known('payments', [sought, sought], 'web')).toEqual([false, false]);
  });

  it('gives one who asks for much its share and no more, and another one theirs', async () => {
    const { store } = await openTestStore({ queueLimit: 4_000 });
    const { digest, iat } = issuanceRecord(0);
    const asked = (count: number, owner: string) =>
      store.ledger.bulkLookups.known(
        'payments',
        Array.from({ length: count }, () => ({ digest, iat })),
        owner,
      );
    const waiting = [asked(1_000, 'greedy'), asked(1_000, 'greedy')];
    await expect(asked(1, 'greedy')).rejects.toMatchObject({ code: 'rate_limited', retryAfterSeconds: 1 });
    expect(await asked(1, 'modest')).toEqual([false]);
    await Promise.all(waiting);
    expect(await asked(1, 'greedy')).toEqual([false]);
  });
});
