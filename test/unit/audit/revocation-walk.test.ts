import { expect, it } from 'vitest';
import { RevocationWalk } from '../../../src/audit/chain-walk.ts';
import { NOON, openTestStore } from '../../support/open-test-store.ts';
import { query } from '../../support/store-database.ts';

const ADA = { operatorId: 'ada', requestId: 'req-1' };

async function walking() {
  const { store, file } = await openTestStore();
  const revoke = (jti: string) => {
    const nothing = { root: null, clientId: null, issuedFrom: null, issuedUntil: null, lapsesAt: null };
    const made = { createdAt: NOON.nowSeconds(), revokedBy: 'ada', reason: '' };
    return store.revocations.append({ scopeId: 'payments', jti, ...nothing, ...made }, ADA);
  };
  for (const jti of ['one', 'two', 'three']) await revoke(jti);
  const walk = new RevocationWalk(store.revocations, () => false);
  return { walk, revoke, store, file };
}

it('finds nothing round after round, with new revocations between', async () => {
  const { walk, revoke } = await walking();
  for (const jti of ['four', 'five']) {
    expect(await walk.step()).toBeUndefined();
    await revoke(jti);
  }
  expect(await walk.step()).toBeUndefined();
});

it.each([
  [
    'an edited row',
    'UPDATE revocations SET lapses_at = 1 WHERE sequence = 2',
    { place: 'revocation 2', why: 'audit event 2 tells it otherwise' },
  ],
  [
    'a deleted row',
    'DELETE FROM revocations WHERE sequence = 2',
    { place: 'revocation 2', why: 'it is gone' },
  ],
  [
    'a deleted end',
    'DELETE FROM revocations WHERE sequence = 3',
    { place: 'revocation 3', why: 'it is gone' },
  ],
  [
    'a number that no JavaScript holds',
    `INSERT INTO revocations SELECT 9223372036854775807, created_at, scope_id, jti, root, root_salt, root_commitment,
     client_id, issued_from, issued_until, lapses_at, revoked_by, reason, instead_of, 999 FROM revocations
     WHERE sequence = 1`,
    { place: 'behind event 0', why: 'a number in it is larger than any that the service writes' },
  ],
])('finds %s in every round, once', async (_, sql, found) => {
  const { walk, file } = await walking();
  query(file, `${sql} RETURNING 1`);
  for (const round of [1, 2]) expect([round, await walk.step()]).toEqual([round, found]);
});

it('takes for the one that is gone what was made again for it, and no other of its number', async () => {
  const { walk, store, file } = await walking();
  const gone = { place: 'revocation 3', why: 'it is gone' };
  query(file, 'DELETE FROM revocations WHERE sequence = 3 RETURNING 1');
  const { store: next } = await openTestStore({ file });
  const made = { createdAt: NOON.nowSeconds(), revokedBy: 'ada', reason: '' };
  const nothing = { root: null, clientId: null, issuedFrom: null, issuedUntil: null, lapsesAt: null };
  const other = await next.revocations.append({ scopeId: 'payments', jti: 'x', ...nothing, ...made }, ADA);
  expect([other.sequence, await walk.step()]).toEqual([3, gone]);
  const rule = { scopeId: 'payments', jti: 'three', ...nothing, ...made };
  await next.revocations.makeAgain([{ rule, insteadOf: 3 }], 3);
  expect(await walk.step()).toBeUndefined();
  query(file, 'UPDATE revocations SET lapses_at = 1 WHERE sequence = 4 RETURNING 1');
  expect(await walk.step()).toEqual(gone);
  await store.close();
});
