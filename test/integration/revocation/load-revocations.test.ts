import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { auditEventHash, type BrokenChain, type StoredRun } from '../../../src/kernel/audit-chain.ts';
import type { NewRevocation, Revocation } from '../../../src/kernel/revocation.ts';
import { loadRevocations } from '../../../src/revocation/load-revocations.ts';
import { NOON, openTestStore, type TestStores } from '../../support/open-test-store.ts';
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

interface Start {
  readonly trusts?: boolean;
  /** Default: all, or none. */
  readonly trusted?: readonly StoredRun[];
  readonly lostEvents?: readonly number[];
}

async function start(file: string, { trusts = true, trusted, lostEvents = [] }: Start) {
  const runs = trusted ?? (trusts ? undefined : []);
  const { store } = await openTestStore({ file, ...(runs && { trusted: runs }) });
  return { ...load(store, lostEvents), store };
}

function load(store: TestStores, lostEvents: readonly number[] = []) {
  const broken: BrokenChain[] = [];
  const rules = loadRevocations({
    store: store.revocations,
    audit: store.audit,
    isLost: (event) => lostEvents.includes(event),
    scopeIds: ['payments', 'mail'],
    clock: NOON,
    onBroken: (found) => broken.push(found),
  });
  return { rules, broken };
}

const UNIQUE = 'sqlite_autoindex_revocations_1';
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
      traceId: null,
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

it('refuses to start where a row that no index has names the event of another', async () => {
  const { rules } = await startedAgain((file) => {
    const schema = (sql: string) => {
      const db = new DatabaseSync(file, { defensive: false });
      db.exec(`PRAGMA writable_schema = ON; ${sql}`);
      db.close();
    };
    const [index] = query(file, `SELECT * FROM sqlite_schema WHERE name = '${UNIQUE}'`);
    const [table] = query(file, `SELECT sql FROM sqlite_schema WHERE name = 'revocations'`);
    query(file, 'DELETE FROM revocations WHERE sequence = 2 RETURNING 1');
    schema(`DELETE FROM sqlite_schema WHERE name = '${UNIQUE}';
      UPDATE sqlite_schema SET sql = replace(sql, ' unique', '') WHERE name = 'revocations'`);
    schema(`CREATE TEMP TABLE copy AS SELECT * FROM revocations WHERE sequence = 3;
      UPDATE copy SET sequence = 2; INSERT INTO revocations SELECT * FROM copy`);
    schema(`UPDATE sqlite_schema SET sql = '${table?.sql}' WHERE name = 'revocations';
      INSERT INTO sqlite_schema VALUES ('index', '${UNIQUE}', 'revocations', ${index?.rootpage}, NULL)`);
  });
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

describe('what was made again', () => {
  const EVENT_OF = `SELECT sequence FROM audit_events WHERE type = 'revocation.added' AND
    json_extract(details_json, '$.sequence') = `;
  const eventOf = (file: string, number: number) => Number(query(file, `${EVENT_OF} ${number}`)[0]?.sequence);
  const inForce = (rules: readonly Revocation[]) =>
    rules.map(({ sequence, scopeId, jti }) => [sequence, jti ?? scopeId]);

  /** Three revocations; the second, of every scope by a root event, and the last, `target`, are deleted. */
  async function withoutLast() {
    const { store, file } = await openTestStore();
    await store.revocations.append({ ...RULE, jti: 'jti-1' }, ADA);
    await store.revocations.append({ ...RULE, root: 'sign-in-1', scopeId: null }, ADA);
    await store.revocations.append({ ...RULE, jti: 'target' }, ADA);
    const runs = await store.runs.all();
    await store.close();
    query(file, 'DELETE FROM revocations WHERE sequence > 1 RETURNING 1');
    return { file, runs };
  }

  const MADE_AGAIN = [
    [1, 'jti-1'],
    [4, 'payments'],
    [5, 'mail'],
    [6, 'target'],
  ];

  it('is all there or nothing of it, wherever the start was interrupted', async () => {
    const { file } = await withoutLast();
    const { store } = await openTestStore({ file });
    query(
      file,
      `CREATE TRIGGER stops BEFORE INSERT ON revocations WHEN NEW.jti = 'target'
       BEGIN SELECT RAISE(ABORT, 'stopped'); END`,
    );
    await expect(load(store).rules).rejects.toMatchObject({ code: 'store_unavailable' });
    await store.close();
    query(file, 'DROP TRIGGER stops');
    expect(query(file, 'SELECT sequence FROM revocations')).toEqual([{ sequence: 1 }]);
    const next = await start(file, {});
    expect(inForce(await next.rules)).toEqual(MADE_AGAIN);
    expect(next.broken.map(({ place }) => place)).toEqual(['revocation 2', 'revocation 3']);
  });

  it('covers no other that is gone, whatever the numbers', async () => {
    const { file } = await withoutLast();
    const { store } = await openTestStore({ file });
    // Under the numbers 2 and 3: as if no start had passed these.
    const rules = ['payments', 'mail'].map((scopeId) => ({ ...RULE, scopeId }));
    const insteadOf = eventOf(file, 2);
    await store.revocations.makeAgain(
      rules.map((rule) => ({ rule, insteadOf })),
      0,
    );
    await store.close();
    const next = await start(file, {});
    expect(inForce(await next.rules)).toEqual([
      [1, 'jti-1'],
      [2, 'payments'],
      [3, 'mail'],
      [4, 'target'],
    ]);
    expect(next.broken.map(({ place }) => place)).toEqual(['revocation 3']);
  });

  it('is made once more where nobody witnessed that it was', async () => {
    const { file, runs } = await withoutLast();
    const first = await start(file, {});
    await first.rules;
    await first.store.close();
    const second = await start(file, { trusted: runs });
    expect(inForce(await second.rules)).toEqual([...MADE_AGAIN, [7, 'payments'], [8, 'mail'], [9, 'target']]);
    await second.store.close();
    const third = await start(file, {});
    expect(await third.rules).toHaveLength(7);
    expect(third.broken).toEqual([]);
  });

  it('is made again when it is gone once more', async () => {
    const { file } = await withoutLast();
    const first = await start(file, {});
    await first.rules;
    await first.store.close();
    query(file, 'DELETE FROM revocations WHERE sequence = 6 RETURNING 1');
    const second = await start(file, {});
    // For the first one, and for the one that stood in for it.
    const twice = [...MADE_AGAIN.slice(0, 3), [7, 'target'], [8, 'target']];
    expect(inForce(await second.rules)).toEqual(twice);
    await second.store.close();
    const third = await start(file, {});
    expect(inForce(await third.rules)).toEqual(twice);
    expect(third.broken).toEqual([]);
  });

  it('is made again as a whole when a part of it is gone, which nobody witnessed', async () => {
    const { file } = await withoutLast();
    const first = await start(file, {});
    await first.rules;
    await first.store.close();
    query(file, 'DELETE FROM revocations WHERE sequence > 4 RETURNING 1');
    // Of what the first start wrote, all up to the rule for the first scope is witnessed.
    const from = eventOf(file, 5);
    const unwitnessed = { from, to: from + 1, hash: 'AA' };
    const { store } = await openTestStore({ file, unwitnessed });
    await store.unwitnessed.record(unwitnessed);
    expect(inForce(await load(store).rules)).toEqual([
      [1, 'jti-1'],
      [4, 'payments'],
      [7, 'payments'],
      [8, 'mail'],
      [9, 'target'],
    ]);
    await store.close();
    const third = await start(file, {});
    expect(await third.rules).toHaveLength(5);
    expect(third.broken).toEqual([]);
  });

  it('is what two persons confirm later, though others followed; no number is given twice', async () => {
    const { file } = await withoutLast();
    const first = await start(file, { trusts: false });
    expect(inForce(await first.rules)).toEqual([[1, 'jti-1']]);
    await first.store.unwitnessed.record({ from: eventOf(file, 2), to: eventOf(file, 3), hash: 'AA' });
    for (const jti of ['later-1', 'later-2']) await first.store.revocations.append({ ...RULE, jti }, ADA);
    await first.store.close();
    const later = [
      [1, 'jti-1'],
      [4, 'later-1'],
      [5, 'later-2'],
    ];
    const second = await start(file, {});
    expect(inForce(await second.rules)).toEqual(later);
    expect(await second.store.unwitnessed.confirm('seen', ADA)).toHaveLength(1);
    await second.store.close();
    const third = await start(file, {});
    expect(inForce(await third.rules)).toEqual([...later, [6, 'payments'], [7, 'mail'], [8, 'target']]);
    await third.store.close();
    const fourth = await start(file, {});
    expect(await fourth.rules).toHaveLength(6);
    expect(fourth.broken).toEqual([]);
  });
});
