import { expect, it } from 'vitest';
import { type BrokenChain, type RunPublicKey, TrustedRuns } from '../../../src/kernel/audit-chain.ts';
import type { NewRevocation } from '../../../src/kernel/revocation.ts';
import { loadRevocations } from '../../../src/revocation/load-revocations.ts';
import { NOON, openTestStore } from '../../support/open-test-store.ts';
import { query } from '../../support/store-database.ts';

const NOW = NOON.nowSeconds();
const ADA = { operatorId: 'ada', requestId: 'req-1' };
const RULE: NewRevocation = {
  scopeId: 'payments',
  jti: null,
  root: null,
  clientId: null,
  issuedFrom: null,
  issuedUntil: null,
  createdAt: NOW,
  lapsesAt: NOW + 1_000,
  revokedBy: 'ada',
  reason: 'test',
};

/** Three revocations of one run, and the start after it; `checkpoint`: how many of them one covers. */
async function startedAgain(tamper: (file: string) => void, { checkpoint = 0, trusts = true } = {}) {
  const { store, file } = await openTestStore();
  for (const jti of ['jti-1', 'jti-2']) await store.revocations.append({ ...RULE, jti }, ADA);
  await store.revocations.append({ ...RULE, root: 'sign-in-1', scopeId: null }, ADA);
  const events = query(
    file,
    `SELECT sequence FROM audit_events WHERE type = 'revocation.added' ORDER BY sequence`,
  );
  const { id, publicKey } = store.runs.own;
  await store.close();
  tamper(file);
  const { store: again } = await openTestStore({ file });
  const broken: BrokenChain[] = [];
  const load = (runs: readonly RunPublicKey[]) =>
    loadRevocations({
      store: again.revocations,
      audit: again.audit,
      checkpoint: { audit: Number(events[checkpoint - 1]?.sequence ?? 0), revocations: checkpoint },
      isSealed: (event) => new TrustedRuns(runs).haveSealed('audit', event),
      scopeIds: ['payments', 'mail'],
      clock: NOON,
      onBroken: (found) => broken.push(found),
    });
  const loading = load(trusts ? [{ id, publicKey }, again.runs.own] : []);
  return { rules: loading, broken, again, load };
}

const change = (sql: string) => (file: string) => void query(file, `${sql} RETURNING 1`);

it('loads all that are in force, in order, and tells nothing where nobody changed anything', async () => {
  for (const checkpoint of [0, 1, 3]) {
    const { rules, broken } = await startedAgain(() => {}, { checkpoint });
    expect((await rules).map(({ sequence, jti, root }) => [sequence, jti, root])).toEqual([
      [1, 'jti-1', null],
      [2, 'jti-2', null],
      [3, null, 'sign-in-1'],
    ]);
    expect(broken).toEqual([]);
  }
});

it.each([
  ['lapses_at = 1', 'revocation 1', 'UPDATE revocations SET lapses_at = 1 WHERE sequence = 1'],
  ['another scope', 'revocation 2', `UPDATE revocations SET scope_id = 'mail' WHERE sequence = 2`],
  ['another root event', 'revocation 3', `UPDATE revocations SET root = 'other' WHERE sequence = 3`],
  [
    'no root event',
    'revocation 3',
    'UPDATE revocations SET root = NULL, root_salt = NULL WHERE sequence = 3',
  ],
  ['the first one gone', 'revocation 1', 'DELETE FROM revocations WHERE sequence = 1'],
  ['one in the middle gone', 'revocation 2', 'DELETE FROM revocations WHERE sequence = 2'],
])('refuses to start: %s', async (_, place, sql) => {
  for (const checkpoint of [0, 3]) {
    const { rules } = await startedAgain(change(sql), { checkpoint });
    await expect(rules).rejects.toMatchObject({
      code: 'audit_trail_refused',
      message: expect.stringContaining(`${place} is not as it was made`),
    });
  }
});

it('refuses to start on a row that its sealed event tells otherwise, though the chain holds', async () => {
  const { rules } = await startedAgain((file) => {
    const forged = query(file, 'SELECT hash FROM revocations WHERE sequence = 1')[0]?.hash as Uint8Array;
    query(
      file,
      `UPDATE audit_events SET details_json = json_set(details_json, '$.hash', '${Buffer.from(forged).toString('hex')}')
       WHERE type = 'revocation.added' AND json_extract(details_json, '$.sequence') = 3 RETURNING 1`,
    );
  });
  await expect(rules).rejects.toMatchObject({ code: 'audit_trail_refused' });
});

it.each([
  ['the last one', 2, 'DELETE FROM revocations WHERE sequence = 3'],
  ['all', 0, 'DELETE FROM revocations'],
])('makes again what the sealed trail tells of and the table lacks: %s', async (_, left, sql) => {
  const { rules, broken, again, load } = await startedAgain(change(sql));
  const loaded = await rules;
  const named = loaded.map(({ scopeId, jti, root, revokedBy }) => [scopeId, jti, root, revokedBy]);
  const jtis = [
    ['payments', 'jti-1', null, 'ada'],
    ['payments', 'jti-2', null, 'ada'],
  ];
  // A rule for a root event of every scope becomes one for all that was issued, a scope each.
  const broader = [
    ['payments', null, null, 'ada'],
    ['mail', null, null, 'ada'],
  ];
  expect(named).toEqual([...jtis, ...broader]);
  expect(broken.map(({ place }) => place)).toEqual([1, 2, 3].slice(left).map((n) => `revocation ${n}`));
  expect(await load([again.runs.own])).toHaveLength(4);
});

it('makes nothing again on the word of an event that no run sealed', async () => {
  const { rules, broken } = await startedAgain(change('DELETE FROM revocations WHERE sequence = 3'), {
    trusts: false,
  });
  expect(await rules).toHaveLength(2);
  expect(broken).toEqual([]);
});

it('keeps a revocation in force that no event testifies to, and tells of it', async () => {
  const { rules, broken } = await startedAgain(
    change(
      `DELETE FROM audit_events WHERE type = 'revocation.added' AND json_extract(details_json, '$.sequence') = 3`,
    ),
    { checkpoint: 2 },
  );
  expect(await rules).toHaveLength(3);
  expect(broken).toEqual([{ place: 'revocation 3', why: 'no audit event testifies to it' }]);
});
