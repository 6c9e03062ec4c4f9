import { expect, it } from 'vitest';
import { auditEventHash, type BrokenChain } from '../../../src/kernel/audit-chain.ts';
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

interface Started {
  readonly trusts?: boolean;
  /** By their numbers: rows whose loss two persons accepted. */
  readonly lost?: readonly number[];
}

/** Three revocations of one run, and the start after it. */
async function startedAgain(tamper: (file: string) => void, { trusts = true, lost = [] }: Started = {}) {
  const { store, file } = await openTestStore();
  for (const jti of ['jti-1', 'jti-2']) await store.revocations.append({ ...RULE, jti }, ADA);
  await store.revocations.append({ ...RULE, root: 'sign-in-1', scopeId: null }, ADA);
  const lostEvents = query(file, 'SELECT sequence, audit_sequence FROM revocations')
    .filter(({ sequence }) => lost.includes(Number(sequence)))
    .map(({ audit_sequence }) => Number(audit_sequence));
  await store.close();
  tamper(file);
  return { file, ...(await start(file, { trusts, lostEvents })) };
}

async function start(
  file: string,
  { trusts = true, lostEvents = [] }: { readonly trusts?: boolean; readonly lostEvents?: readonly number[] },
) {
  const { store } = await openTestStore(trusts ? { file } : { file, trusted: [] });
  const broken: BrokenChain[] = [];
  const rules = loadRevocations({
    store: store.revocations,
    audit: store.audit,
    isLost: (event) => lostEvents.includes(event),
    scopeIds: ['payments', 'mail'],
    clock: NOON,
    onBroken: (found) => broken.push(found),
  });
  return { rules, broken, store };
}

const change = (sql: string) => (file: string) => void query(file, `${sql} RETURNING 1`);

it('loads all that are in force, in order, and tells nothing where nobody changed anything', async () => {
  const { rules, broken } = await startedAgain(() => {});
  expect((await rules).map(({ sequence, jti, root }) => [sequence, jti, root])).toEqual([
    [1, 'jti-1', null],
    [2, 'jti-2', null],
    [3, null, 'sign-in-1'],
  ]);
  expect(broken).toEqual([]);
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
  ['another event', 'revocation 2', 'UPDATE revocations SET audit_sequence = 999 WHERE sequence = 2'],
  ['an event of the trail changed', 'event 2', `UPDATE audit_events SET actor = 'eve' WHERE sequence = 2`],
  ['an event of the trail gone', 'event 2', 'DELETE FROM audit_events WHERE sequence = 2'],
])('refuses to start: %s', async (_, place, sql) => {
  for (const trusts of [true, false]) {
    const { rules } = await startedAgain(change(sql), { trusts });
    await expect(rules).rejects.toMatchObject({
      code: 'audit_trail_refused',
      message: expect.stringContaining(`${place} is not as it was made`),
    });
  }
});

it('refuses to start where a later event that nobody witnessed stands in the place of another', async () => {
  const forged = (file: string) => {
    const [last] = query(file, 'SELECT * FROM audit_events ORDER BY sequence DESC LIMIT 1');
    const [row] = query(file, 'SELECT * FROM revocations WHERE sequence = 2');
    const sequence = Number(last?.sequence) + 1;
    const told = query(file, `SELECT * FROM audit_events WHERE sequence = ${row?.audit_sequence}`)[0];
    const details = JSON.parse(String(told?.details_json));
    const event = {
      sequence,
      time: NOW,
      type: 'revocation.added',
      actor: 'ada',
      subject: 'scope:payments',
      requestId: null,
      detailsJson: JSON.stringify({ ...details, lapses_at: 1 }),
    };
    const hash = auditEventHash(last?.hash as Uint8Array, event).toString('hex');
    query(
      file,
      `INSERT INTO audit_events (sequence, time, type, actor, subject, details_json, hash) VALUES
       (${sequence}, ${NOW}, 'revocation.added', 'ada', 'scope:payments', '${event.detailsJson}', x'${hash}')
       RETURNING 1`,
    );
    query(
      file,
      `UPDATE revocations SET lapses_at = 1, audit_sequence = ${sequence} WHERE sequence = 2 RETURNING 1`,
    );
  };
  const { rules } = await startedAgain(forged);
  await expect(rules).rejects.toMatchObject({
    code: 'audit_trail_refused',
    message: expect.stringContaining('revocation 2 is not as it was made: it is gone'),
  });
});

it.each([
  ['the last one', 2, 'DELETE FROM revocations WHERE sequence = 3'],
  ['all', 0, 'DELETE FROM revocations'],
])('makes again, once, what the witnessed trail tells of and the table lacks: %s', async (_, left, sql) => {
  const { rules, broken, file, store } = await startedAgain(change(sql));
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
  await store.close();
  const next = await start(file, {});
  expect(await next.rules).toHaveLength(4);
  expect(next.broken).toEqual([]);
});

it('makes nothing again that two persons accepted as lost', async () => {
  const { rules, broken } = await startedAgain(change('DELETE FROM revocations WHERE sequence > 1'), {
    lost: [2, 3],
  });
  expect(await rules).toHaveLength(1);
  expect(broken).toEqual([]);
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
  );
  expect(await rules).toHaveLength(3);
  expect(broken).toEqual([{ place: 'revocation 3', why: 'no audit event testifies to it' }]);
});
