import { rename } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { query } from '../../support/store-database.ts';

/** Records 0, 1 and 2 in group 1, record 3 in group 2. */
async function recordedStore() {
  const { store, file } = await openTestStore();
  await Promise.all([0, 1, 2].map((n) => store.records.append(issuanceRecord(n))));
  await store.records.append(issuanceRecord(3));
  const found = async (...numbers: number[]) => {
    const all = await Promise.all(numbers.map((n) => store.ledger.lookups.find(issuanceRecord(n).digest)));
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

describe('faults', () => {
  it('fails while the file is away and answers again once it is back', async () => {
    const { store, file, found } = await recordedStore();
    await rename(file, `${file}.away`);
    await expect(store.ledger.lookups.find(issuanceRecord(0).digest)).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: { condition: 'moved' },
    });
    await rename(`${file}.away`, file);
    expect(await found(0)).toEqual(['jti-0']);
  });

  it('answers overloaded beyond the limit, and takes look-ups again once there is room', async () => {
    const { store } = await openTestStore({ queueLimit: 2 });
    const { digest } = issuanceRecord(0);
    const waiting = [store.ledger.lookups.find(digest), store.ledger.lookups.find(digest)];
    await expect(store.ledger.lookups.find(digest)).rejects.toMatchObject({ code: 'overloaded' });
    await expect(store.ledger.lookups.known('payments', [digest])).rejects.toMatchObject({
      code: 'overloaded',
    });
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
    expect(await store.ledger.lookups.known('payments', [digest, digest])).toEqual([false, false]);
  });
});
