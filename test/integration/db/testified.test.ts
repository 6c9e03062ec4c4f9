import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { caseLog } from '../../../src/db/case-log.ts';
import { revocationTable } from '../../../src/db/revocation-table.ts';
import { StoredTrail } from '../../../src/db/stored-trail.ts';
import { verifyTestified } from '../../../src/db/testified.ts';
import { securityEventTable } from '../../../src/events/index.ts';
import { Findings } from '../../../src/kernel/audit.ts';
import { securityEvent } from '../../../src/kernel/security-events.ts';
import { reportTable } from '../../../src/reports/index.ts';
import { NOON, openTestStore, type TestStores } from '../../support/open-test-store.ts';
import { query } from '../../support/store-database.ts';

const ALICE = { operatorId: 'alice', requestId: 'r-1' };
const NUMBER = '0000-0001';
const RULE = {
  scopeId: 'payments',
  jti: null,
  root: 'sign-in-1',
  clientId: 'web',
  issuedFrom: 1,
  issuedUntil: 2,
  createdAt: NOON.nowSeconds(),
  lapsesAt: NOON.nowSeconds() + 100,
  revokedBy: 'alice',
  reason: 'test',
};

/** A file with two rows and more in each table, after what somebody did to it. */
async function written(tampering: string): Promise<string> {
  const { store, reports, file } = await openTestStore();
  const { securityEvents, revocations } = store;
  for (const wall of [1, 2]) {
    await securityEvents.raise(securityEvent('clock.jump', { jump: 'departed', wall, expected: 5 }));
  }
  await securityEvents.acknowledge(1, 'seen', ALICE);
  await securityEvents.resolve(1, 'done', ALICE);
  const suspicion = { text: 'odd', contact: null };
  await reports.file({ number: NUMBER, scopeId: 'mail', digest: null, suspicion, requestId: 'r-2' });
  await reports.take(NUMBER, ALICE);
  await reports.close(NUMBER, 'harmless', 'a test', ALICE);
  for (const jti of [null, 'jti-1']) await revocations.append({ ...RULE, jti }, ALICE);
  await store.close();
  const db = new DatabaseSync(file);
  db.exec(tampering);
  db.close();
  return file;
}

function found(file: string, isLost: (sequence: number) => boolean = () => false) {
  const trail = new StoredTrail(file, '/nowhere');
  const findings = new Findings();
  const counts = [
    verifyTestified(securityEventTable, trail, isLost, findings),
    verifyTestified(caseLog, trail, isLost, findings),
    verifyTestified(reportTable, trail, isLost, findings),
    verifyTestified(revocationTable, trail, isLost, findings),
  ];
  trail.close();
  const told = findings.all().map(({ part, fault, place, detail }) => [part, fault, place, detail]);
  return { counts, told };
}

const foundAfter = async (tampering: string) => found(await written(tampering)).told;

it('finds nothing where rows and events are as they were written', async () => {
  expect(found(await written(''))).toEqual({ counts: [2, 4, 1, 2], told: [] });
});

describe('a row that was changed', () => {
  const COLUMNS = {
    security_events: ['raised_at', 'type', 'dedup_key', 'subject'],
    case_log: ['case_id', 'taken_by', 'taken_at', 'note'],
    reports: ['number', 'scope_id', 'received_at'],
    revocations: [
      'created_at',
      'scope_id',
      'jti',
      'client_id',
      'issued_from',
      'issued_until',
      'lapses_at',
      'revoked_by',
      'reason',
      'instead_of',
    ],
  };
  const OTHERS: Readonly<Record<string, string>> = {
    security_events: `severity = 'info'`,
    case_log: `outcome = 'unclear'`,
    reports: `digest = x'00'`,
    revocations: 'root_commitment = zeroblob(32)',
  };
  const isTime = (column: string) => /_(?:at|from|until|of)$/.test(column);
  const cases = Object.entries(COLUMNS).flatMap(([table, columns]) => [
    ...columns.map((column) => [table, `${column} = ${isTime(column) ? 7 : `'7'`}`]),
    [table, OTHERS[table] ?? ''],
  ]);

  it.each(cases)('of %s is told otherwise by its audit event: %s', async (table, change) => {
    const last = table === 'case_log' ? `(SELECT max(sequence) FROM case_log)` : '1';
    const told = await foundAfter(`UPDATE ${table} SET ${change} WHERE sequence = ${last}`);
    expect(told).toContainEqual([
      expect.any(String),
      'bad_row',
      expect.any(String),
      expect.stringMatching(/^audit event \d+ tells it otherwise$/),
    ]);
  });

  it.each([
    ['security_events', `evidence_json = '{}'`, 'its evidence is not what it was when it was raised'],
    ['reports', `suspicion_json = '{}'`, 'it does not say what it said when it was received'],
    ['revocations', `root = 'other'`, 'its root event is not the one it was made with'],
    ['revocations', 'root = NULL, root_salt = NULL', 'its root event is not the one it was made with'],
    ['reports', `state = 'open'`, 'it stands otherwise than its steps say'],
  ])('of %s does not fit what it was committed to, or others: %s', async (table, change, detail) => {
    const told = await foundAfter(`UPDATE ${table} SET ${change} WHERE sequence = 1`);
    expect(told.map((each) => each[3])).toEqual([detail]);
  });
});

it.each([`outcome = 'unclear'`, `findings_json = '{}'`])('a step on an event has no %s', async (change) => {
  const told = await foundAfter(`UPDATE case_log SET ${change} WHERE sequence = 1`);
  expect(told).toMatchObject([
    ['security_events', 'bad_row', 'step 1', expect.stringContaining('otherwise')],
  ]);
});

describe('a row without its event', () => {
  it.each([
    ['security_events', ['security_events', 'bad_row', 'security event 1']],
    ['case_log', ['security_events', 'bad_row', 'step 1']],
    ['reports', ['reports', 'bad_row', `report ${NUMBER}`]],
    ['revocations', ['revocations', 'bad_row', 'revocation 1']],
  ])('of %s is named', async (table, place) => {
    const told = await foundAfter(`UPDATE ${table} SET audit_sequence = 999 WHERE sequence = 1`);
    expect(told).toContainEqual([...place, 'no audit event testifies to it']);
  });
});

describe('an event without its row', () => {
  it.each([
    ['security_events', 'the security event that it testifies to is gone'],
    ['case_log', 'what it says was done about a security event is gone'],
    ['reports', 'the report that it testifies to is gone'],
    ['revocations', 'the revocation that it testifies to is gone'],
  ])('of %s is named, but not where two persons know', async (table, detail) => {
    const file = await written(`DELETE FROM ${table} WHERE sequence = 1`);
    expect(found(file).told.map((each) => each[3])).toContain(detail);
    expect(found(file, () => true).told.filter((each) => each[1] === 'gap')).toEqual([]);
  });
});

describe('a revocation that was made again', () => {
  const rule = { ...RULE, root: null, jti: 'jti-1' };
  const gone = [['revocations', 'gap', expect.any(String), 'the revocation that it testifies to is gone']];

  /** The second one is deleted, and `again` writes a third. */
  async function remade(again: (store: TestStores, event: number) => Promise<unknown>): Promise<string> {
    const file = await written('');
    const [row] = query(file, 'SELECT audit_sequence FROM revocations WHERE sequence = 2');
    query(file, 'DELETE FROM revocations WHERE sequence = 2 RETURNING 1');
    const { store } = await openTestStore({ file });
    await again(store, Number(row?.audit_sequence));
    await store.close();
    return file;
  }
  const linked = (store: TestStores, insteadOf: number) =>
    store.revocations.makeAgain([{ rule, insteadOf }], 2);

  it('stands for the one that is gone', async () => {
    const file = await remade(linked);
    expect(found(file)).toEqual({ counts: [2, 4, 1, 2], told: [] });
  });

  it('does not where it only has its number', async () => {
    const file = await remade((store) => store.revocations.append(rule, ALICE));
    expect(query(file, 'SELECT sequence FROM revocations')).toEqual([{ sequence: 1 }, { sequence: 2 }]);
    expect(found(file).told).toEqual(gone);
  });

  it.each(['instead_of = NULL', 'lapses_at = 1', 'audit_sequence = 999'])(
    'does not where its own event says otherwise: %s',
    async (change) => {
      const file = await remade(linked);
      query(file, `UPDATE revocations SET ${change} WHERE sequence = 3 RETURNING 1`);
      expect(found(file).told).toEqual(expect.arrayContaining(gone));
    },
  );
});

it('tells of what is gone from reports without an erasure, not of what was erased', async () => {
  const told = await foundAfter('UPDATE reports SET suspicion_json = NULL, suspicion_salt = NULL');
  const detail = 'what was written in reports: 1 are gone; the trail tells of 0 erased';
  expect(told).toEqual([['reports', 'truncated', 'erasures', detail]]);
  const { reports, file, store } = await openTestStore();
  const suspicion = { text: 'odd', contact: null };
  await reports.file({ number: NUMBER, scopeId: 'mail', digest: null, suspicion, requestId: 'r-2' });
  await reports.erase(NUMBER, ALICE);
  await store.close();
  expect(found(file).told).toEqual([]);
});
