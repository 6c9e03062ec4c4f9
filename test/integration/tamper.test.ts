import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyAudit } from '../../src/audit-verify.ts';
import { makeCredential } from '../../src/domain/credential.ts';
import { KeywardError } from '../../src/domain/errors.ts';
import { openStore } from '../../src/store/open-store.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { olderVersions, type Tampering, tablesIn, tamperingsOf, withTampered } from '../support/tampering.ts';
import { FOUND_NOTHING } from '../support/token-findings.ts';

const DEADLINE_MS = 180_000;
const DAY = 86_400;

/** Tables that neither decide nor testify: whatever is done to them changes no answer and hides no act. */
const HARMLESS = new Map([
  ['notification_deliveries', 'what is told to whom: whoever looks at the events themselves sees them all'],
  ['notification_awaited', 'who is still waited for: the event and its steps are chained'],
  ['notification_place', 'how far the feed was told: it decides nothing but what is told again'],
  ['readiness', 'the time of the last check that a write can be read back'],
  ['audit_deliveries', 'how far a sink got: from an earlier place it is told again, and takes nothing twice'],
  [
    'ledger_row_hashes',
    'what saves a look-up time: other hashes do not give the group’s, and the rows are asked',
  ],
  [
    'detection_memory',
    'what is usual of a client: changed, an alarm comes too often or once less, and no token is judged by it',
  ],
  ['kysely_migration', 'which changes the tables have had: another answer fails to migrate, or is refused'],
  ['kysely_migration_lock', 'nothing: the one writer migrates in one transaction'],
]);

let service: RunningService;
let database: string;
/** The database before some of its rows were changed for good. */
let older: string;

beforeAll(async () => {
  service = await startService({ twoPersons: true, config: { audit: { checkpoint_events: 5 } } });
  database = join(service.hsm.folder, 'keyward.db');
  older = `${database}.older`;
  const clients = { payments: await provision('payments'), mail: await provision('mail') };
  for (const [id, { sign }] of Object.entries(clients)) await issue(id, sign);
  const decoys = [await plant('one'), await plant('two')];
  for (const id of Object.keys(clients)) await probe(id, 'https://127.0.0.1:1/');
  await restoreOnce();
  await service.stop();
  copyFileSync(database, older);
  await archiveAndRaise();
  service = await service.restart();
  for (const [id, { sign }] of Object.entries(clients)) await issue(id, sign);
  await revoke({ scope: 'payments', jti: 'A'.repeat(22) });
  await revoke({ scope: 'payments', root: 'sign-in-1' });
  await probe('mail', 'https://127.0.0.1:2/');
  await service.operations('POST', '/v1/admin/clients/mail-verify/revoke');
  await service.act('POST', `/v1/admin/canaries/${decoys[0]}/retire`);
  await service.operations('POST', '/v1/admin/operators/bob/roles', { roles: ['operator', 'approver'] });
  await service.stop();
}, DEADLINE_MS);

afterAll(() => service.remove());

it('finds nothing where nobody tampered', async () => {
  expect(await findings(database)).toEqual([]);
});

it('has rows in every table that decides or testifies', () => {
  const tables = tablesIn(database).filter((table) => !HARMLESS.has(table));
  expect(tables.filter((table) => tamperingsOf(database, table).length === 0)).toEqual([]);
});

it(
  'finds every single edit, deletion, insertion and swap in every table that decides or testifies',
  async () => {
    const unseen: string[] = [];
    for (const table of tablesIn(database).filter((name) => !HARMLESS.has(name))) {
      for (const tampering of tamperingsOf(database, table)) {
        if (!(await isFound(tampering))) unseen.push(tampering.name);
      }
    }
    expect(unseen).toEqual([]);
  },
  DEADLINE_MS,
);

it('finds that what a report said was taken away without an erasure that the trail tells of', async () => {
  const erase = {
    name: 'erases what a report said',
    apply: (db: DatabaseSync) =>
      db.exec(`UPDATE reports SET suspicion_json = NULL, suspicion_salt = NULL WHERE number = '0000-0002'`),
  };
  expect(await withTampered(database, erase, findings)).toMatchObject([
    { part: 'reports', fault: 'truncated' },
  ]);
});

it('finds every row of which an older version was put back', async () => {
  const putBack = tablesIn(database)
    .filter((name) => !HARMLESS.has(name))
    .flatMap((table) => olderVersions(database, older, table));
  expect(putBack.length).toBeGreaterThan(3);
  const unseen: string[] = [];
  for (const tampering of putBack) if (!(await isFound(tampering))) unseen.push(tampering.name);
  expect(unseen).toEqual([]);
});

it('finds an older copy of the whole database by what a sink has seen, and serves nothing on it', async () => {
  const found = await findings(older);
  expect(found).not.toEqual([]);
  copyFileSync(older, database);
  for (const end of ['-wal', '-shm']) rmSync(database + end, { force: true });
  service = await service.restart();
  expect((await service.data('GET', '/v1/checkpoints/latest')).body.code).toBe('database_restored');
});

async function isFound(tampering: Tampering): Promise<boolean> {
  return (await withTampered(database, tampering, findings)).length > 0;
}

/** What `keyward audit verify` names; a refusal to read on counts as one. */
async function findings(file: string): Promise<readonly unknown[]> {
  const saved = [join(service.hsm.folder, 'audit.jsonl')];
  try {
    return (await verifyAudit({ configFile: service.configFile, database: file, saved })).findings;
  } catch (error) {
    if (error instanceof KeywardError) return [error.code];
    throw error;
  }
}

function provision(id: string) {
  const policy = { record_subject: 'plain', root_claim: 'txn' };
  return service.provision({ id, policy });
}

function probe(scope: string, url: string): Promise<unknown> {
  return service.act('POST', `/v1/admin/clients/${scope}-verify/probe`, { scope, url });
}

async function issue(id: string, credential: string): Promise<void> {
  for (const n of [1, 2]) {
    const claims = { sub: `user-${n}`, txn: `sign-in-${n}` };
    const { status, body } = await service.data('POST', `/v1/scopes/${id}/tokens`, credential, { claims });
    expect([status, body.code]).toEqual([201, undefined]);
  }
}

async function plant(planted: string): Promise<string> {
  const credential_digest = makeCredential('svc').digest.toString('base64url');
  const body = { kind: 'credential', planted, credential_digest };
  return (await service.act('POST', '/v1/admin/canaries', body)).canary.id;
}

async function revoke(rule: object): Promise<void> {
  const answer = await service.operations('POST', '/v1/admin/revocations', { ...rule, reason: 'test' });
  expect(answer.status).toBeLessThan(300);
}

/** What two persons accepted as lost is a row that decides too. */
async function restoreOnce(): Promise<void> {
  await service.stop();
  const copy = `${database}.copy`;
  copyFileSync(database, copy);
  service = await service.restart();
  await service.act('POST', '/v1/admin/clients/payments-verify/revoke');
  await service.stop();
  copyFileSync(copy, database);
  service = await service.restart();
  await service.act('POST', '/v1/admin/database/accept-restore', { reason: 'test' });
  await service.logged(({ msg, held }) => msg === 'operations plane listens' && held === undefined);
}

/**
 * As a month later: what was recorded so far goes to a segment; two detections found something, two people reported
 * something, and somebody saw to it.
 */
async function archiveAndRaise(): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const clock = { nowSeconds: () => now };
  const store = await openStore({ file: database, queueLimit: 100, clock, onEvent: () => {} });
  const due = { committedBefore: now + 2 * DAY, expiredBefore: now + 2 * DAY };
  expect(await store.ledger.archives.seal(due)).toBeGreaterThan(0);
  while ((await store.ledger.archives.drop()) > 0);
  for (const dedupKey of ['one', 'two']) {
    const event = { type: 'token.never_issued', severity: 'critical', subject: 'scope:payments' } as const;
    await store.securityEvents.raise({ ...event, dedupKey, evidence: { claims: { sub: 'mallory' } } });
  }
  const actor = { operatorId: 'alice', requestId: null };
  const [last] = await store.securityEvents.list({}, { limit: 1 });
  await store.securityEvents.acknowledge(last?.sequence ?? 0, 'on it', actor);
  await store.securityEvents.resolve(last?.sequence ?? 0, 'a test', actor);
  for (const [number, digest] of [
    ['0000-0001', Buffer.alloc(32, 1)],
    ['0000-0002', null],
  ] as const) {
    const suspicion = { text: 'it was in a log', contact: null };
    await store.reports.file({ number, digest, suspicion, scopeId: 'payments', requestId: 'req-1' });
  }
  await store.reports.examined('0000-0001', FOUND_NOTHING);
  await store.reports.take('0000-0001', actor);
  await store.reports.close('0000-0001', 'harmless', 'a test', actor);
  await store.close();
}
