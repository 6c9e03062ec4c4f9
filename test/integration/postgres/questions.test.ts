import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SharedEnd } from '../../../src/db/chain-end.ts';
import type { LedgerConnection } from '../../../src/db/ledger-connection.ts';
import { OpenLedger } from '../../../src/db/open-ledger.ts';
import { PostgresRows } from '../../../src/db/postgres/postgres-rows.ts';
import type { PostgresSession } from '../../../src/db/postgres/session.ts';
import { findRecords, knownRecords, RECORD } from '../../../src/db/questions/find-records.ts';
import { issued, livingTokens } from '../../../src/db/questions/issued.ts';
import { issuedHours } from '../../../src/db/questions/issued-hours.ts';
import { keyUse } from '../../../src/db/questions/key-use.ts';
import { searchPage } from '../../../src/db/questions/search-page.ts';
import { walkGroups } from '../../../src/db/questions/walk-groups.ts';
import { walkRevocations } from '../../../src/db/questions/walk-revocations.ts';
import type { Rows } from '../../../src/db/rows.ts';
import { SqliteRows } from '../../../src/db/sqlite/sqlite-rows.ts';
import { AUDIT_GENESIS, type RunPublicKey } from '../../../src/kernel/audit-chain.ts';
import { CHAIN_START } from '../../../src/kernel/ledger-chain.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { NOON, openTestStore } from '../../support/open-test-store.ts';
import { databaseOfTest, sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import { query } from '../../support/store-database.ts';

const NOW = NOON.nowSeconds();
const DAY = 86_400;
const { kid, clientId, digest, iat } = issuanceRecord(7);
const SCOPE = 'payments';
const START = { sequence: 0, firstRecord: 1, rowCount: 0, groupHash: CHAIN_START };
const TABLES = [
  'issuance_records',
  'ledger_groups',
  'ledger_row_hashes',
  'ledger_archives',
  'audit_events',
  'revocations',
];

/** Twelve records, every other without a subject, the first four of them in a segment; two revocations, and the event of a third that is gone. */
async function filledStore() {
  const { store, file } = await openTestStore({ segmentRecords: 4 });
  for (let n = 0; n < 12; n += 2) {
    const pair = [issuanceRecord(n, { subject: null }), issuanceRecord(n + 1)];
    await Promise.all(pair.map((record) => store.records.append(record)));
  }
  await store.ledger.archives.seal({ committedBefore: NOW + DAY + 1, expiredBefore: NOW + DAY });
  while ((await store.ledger.archives.drop()) > 0);
  const rule = { root: null, clientId: null, issuedFrom: null, issuedUntil: null, createdAt: NOW };
  for (const jti of ['jti-1', 'jti-2', 'jti-3']) {
    const revocation = {
      ...rule,
      scopeId: SCOPE,
      jti,
      lapsesAt: NOW + 900,
      revokedBy: 'ada',
      reason: 'test',
    };
    await store.revocations.append(revocation, { operatorId: 'ada', requestId: 'req-1' });
  }
  const { id, publicKey } = store.run;
  await store.close();
  query(file, 'DELETE FROM revocations WHERE sequence = 2 RETURNING 1');
  return { file, run: { id, publicKey } };
}

async function bothLedgers(tamper = '') {
  const { file, run } = await filledStore();
  if (tamper) query(file, tamper);
  const db = new DatabaseSync(file, { readOnly: true });
  onTestFinished(() => db.close());
  const session = await sessionOfTest(await databaseOfTest());
  for (const table of TABLES) await copyTable(db, session, table);
  const archiveDir = join(dirname(file), 'ledger-archive');
  return {
    sqlite: opened(new SqliteRows(db), archiveDir, run),
    postgres: opened(new PostgresRows(session), archiveDir, run),
  };
}

async function copyTable(db: DatabaseSync, session: PostgresSession, table: string): Promise<void> {
  const source = db.prepare(`SELECT * FROM ${table}`);
  source.setReadBigInts(true);
  for (const row of source.all()) {
    const columns = Object.keys(row);
    const marks = columns.map((_, index) => `$${index + 1}`);
    const values = Object.values(row).map((each) => (typeof each === 'bigint' ? String(each) : each));
    await session.query(`insert into ${table} (${columns.join(', ')}) values (${marks.join(', ')})`, values);
  }
}

function opened(rows: Rows, archiveDir: string, run: RunPublicKey): OpenLedger {
  const connection: LedgerConnection = { read: (read) => read(rows), close() {} };
  return new OpenLedger({ archiveDir, runs: [run], end: new SharedEnd().memory }, connection);
}

const BOUNDS = { from: NOW, to: NOW + 100 };
const digests = Buffer.concat([digest, issuanceRecord(99).digest]);
const slots = [Math.floor(iat / 16), Math.floor(iat / 16)];
const walk = { after: START, end: undefined, round: 0 };
type Question = (ledger: OpenLedger) => Promise<unknown>;

const QUESTIONS: readonly [string, Question][] = [
  ['records by digest', (ledger) => findRecords(ledger, { digests, slots })],
  ['which are known', (ledger) => knownRecords(ledger, { digests, slots, scopeId: SCOPE })],
  ['a page from a segment', (ledger) => searchPage(ledger, { query: {}, after: 0, limit: 3 })],
  [
    'a page by all members',
    (ledger) => {
      const asked = { scopeId: SCOPE, kid, clientId, jti: 'jti-7', subject: 'user-7', ...BOUNDS };
      return searchPage(ledger, { query: asked, after: 4, limit: 3 });
    },
  ],
  ['who used a key', (ledger) => keyUse(ledger, { kid, at: NOW + 20, since: NOW, longestTtlSeconds: 900 })],
  ...(['jti', 'client', 'subject'] as const).map((by): [string, Question] => [
    `what was issued by ${by}`,
    (ledger) => issued(ledger, { by, values: ['user-7', clientId], ...BOUNDS, limit: 5 }),
  ]),
  [
    'how many live',
    (ledger) => {
      return livingTokens(ledger, { scopeId: SCOPE, at: NOW + 20, acceptedTtlSeconds: 900, ttlSeconds: 10 });
    },
  ],
  ['what was issued by the hour', (ledger) => issuedHours(ledger, BOUNDS)],
  ['a walk along the groups', (ledger) => walkGroups(ledger, { ...walk, mostRows: 0 })],
  ['a walk along their rows', (ledger) => walkGroups(ledger, { ...walk, mostRows: 100 })],
  [
    'a walk along the revocations',
    (ledger) => walkRevocations(ledger, { after: AUDIT_GENESIS, now: NOW, seen: AUDIT_GENESIS }),
  ],
];

describe.skipIf(NO_POSTGRES)(`${POSTGRES} answers as SQLite does`, () => {
  it('each question', async () => {
    const { sqlite, postgres } = await bothLedgers();
    for (const [name, ask] of QUESTIONS) {
      const expected = await ask(sqlite);
      expect(plain(await ask(postgres)), name).toEqual(plain(expected));
      expect(JSON.stringify(plain(expected)).length, name).toBeGreaterThan(10);
    }
  });

  it('a record by the index of its slot', async () => {
    const session = await sessionOfTest(await databaseOfTest());
    // Of a table without rows all is read, unless that costs more than anything.
    await session.query('set enable_seqscan = off');
    const text = RECORD.sql.replace('?', '1').replace('?', "''::bytea");
    const plan = await session.query(`explain ${text}`);
    expect(JSON.stringify(plan.rows)).toMatch(/Index Scan using issuance_records_slot/);
  });

  it.each([
    ['a record changed', 'UPDATE issuance_records SET exp = 1 WHERE sequence = 8 RETURNING 1'],
    ['a group without its seal', 'UPDATE ledger_groups SET seal = NULL WHERE sequence = 4 RETURNING 1'],
    ['a record in no group', 'UPDATE issuance_records SET sequence = 900 WHERE sequence = 12 RETURNING 1'],
    [
      'a number that no JavaScript holds',
      'UPDATE ledger_groups SET committed_at = 9223372036854775807 WHERE sequence = 6 RETURNING 1',
    ],
    ['a revocation changed', "UPDATE revocations SET jti = 'other' WHERE sequence = 3 RETURNING 1"],
  ])('where somebody wrote into the tables: %s', async (_, tamper) => {
    const { sqlite, postgres } = await bothLedgers(tamper);
    for (const [name, ask] of QUESTIONS) {
      const [expected, found] = [await outcome(sqlite, ask), await outcome(postgres, ask)];
      expect(plain(found), name).toEqual(plain(expected));
    }
  });
});

/** The answer, or the code of the failure. */
async function outcome(ledger: OpenLedger, ask: Question): Promise<unknown> {
  return await ask(ledger).catch((error: { code?: unknown }) => ({ failed: error.code ?? String(error) }));
}

/** Bytes as hex, whatever array they are in, and maps as lists. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (value instanceof Map) return [...value].map(plain);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}
