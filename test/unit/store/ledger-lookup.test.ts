import { rename } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { compileLookupStatements } from '../../../src/store/lookup-protocol.ts';
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
   jti, client_id, subject, root, iat, exp, salt, subject_commitment, root_commitment, ${group}
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
    expect(await found(0, 1, 3)).toEqual([null, null, 'jti-3']);
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

  const sought = (n: number, iatFrom: number, iatUntil: number) => ({
    digest: issuanceRecord(n).digest,
    iatFrom,
    iatUntil,
  });

  it('and in no other slot', async () => {
    const lookups = await twoSlots();
    const { digest } = issuanceRecord(1);
    expect(await lookups.find(digest, late)).toMatchObject({ jti: 'jti-1' });
    for (const iat of [early, late - 1, late + SLOT_SECONDS, 1e300, -1, Number.NaN]) {
      expect(await lookups.find(digest, iat)).toBeUndefined();
    }
  });

  it('from the last second of its bounds back to the first', async () => {
    const lookups = await twoSlots();
    const known = await lookups.known('payments', [
      sought(1, late - 100, late + 100),
      sought(1, late - 100, late - 1),
      sought(1, late + SLOT_SECONDS, late + 100),
      sought(0, early, late),
      sought(0, early + SLOT_SECONDS, late),
    ]);
    expect(known).toEqual([true, false, false, true, false]);
  });

  it('in 25,000 slots a call, the newest of each first', async () => {
    const lookups = await twoSlots();
    const strangers = Array.from({ length: 998 }, (_, n) => sought(100 + n, 0, late));
    const asked = [...strangers, sought(1, 0, late), sought(0, 0, late)];
    expect((await lookups.known('payments', asked)).slice(998)).toEqual([true, false]);
    expect(await lookups.known('payments', asked.slice(498))).toEqual([
      ...Array(500).fill(false),
      true,
      true,
    ]);
  });

  it('by the index', async () => {
    const { file } = await recordedStore();
    const { record, knownDigest } = compileLookupStatements();
    for (const sql of [record, knownDigest]) {
      expect(query(file, `EXPLAIN QUERY PLAN ${sql}`)).toMatchObject([
        { detail: 'SEARCH issuance_records USING INDEX issuance_records_slot (<expr>=? AND digest=?)' },
      ]);
    }
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
    const sought = { digest, iatFrom: iat, iatUntil: iat };
    const waiting = [store.ledger.lookups.find(digest, iat), store.ledger.lookups.find(digest, iat)];
    await expect(store.ledger.lookups.find(digest, iat)).rejects.toMatchObject({ code: 'overloaded' });
    await expect(store.ledger.lookups.known('payments', [sought])).rejects.toMatchObject({
      code: 'overloaded',
    });
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
    expect(await store.ledger.lookups.known('payments', [sought, sought])).toEqual([false, false]);
  });
});
