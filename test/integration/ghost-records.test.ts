import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createRunKey } from '../../src/kernel/audit-chain.ts';
import type { IssuanceRecord } from '../../src/kernel/issuance.ts';
import { forgeRecords } from '../support/forge-records.ts';
import { forgeToken } from '../support/forge-token.ts';
import { openWorkbench, type Workbench } from '../support/hsm-workbench.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { query } from '../support/store-database.ts';

const DEADLINE_MS = 240_000;
const A_MINUTE = { timeout: 60_000, interval: 200 };
const FAR = 9_000_000_000_000;

let service: RunningService;
let clients: { sign: string; verify: string };
/** Somebody with the PIN, who asks the HSM past the service. */
let thief: Workbench;
beforeAll(async () => {
  service = await startService();
  clients = await service.provision({ id: 'payments' });
  thief = await openWorkbench(service.hsm);
}, DEADLINE_MS);
afterAll(async () => {
  await thief.stop();
  await service.remove();
});

const database = () => join(service.hsm.folder, 'keyward.db');
const issuing = () =>
  service.data('POST', '/v1/scopes/payments/tokens', clients.sign, { claims: { sub: 'alice' } });
const issue = async (): Promise<string> => (await issuing()).body.token;
const verify = async (token: string) =>
  (await service.data('POST', '/v1/scopes/payments/verify', clients.verify, { token })).body;
const unknown = async (token: string) => {
  const { digest, iat } = recordOf(token);
  const sightings = [{ digest: digest.toString('base64url'), iat }];
  const { body } = await service.data('POST', '/v1/scopes/payments/sightings', clients.verify, { sightings });
  return body.unknown;
};
const digestOf = (token: string) =>
  createHash('sha256')
    .update(token.slice(0, token.lastIndexOf('.')))
    .digest();

/** The places of a chain that an event tells to be changed. */
const broken = (of = 'ledger') =>
  query(database(), `SELECT evidence_json FROM security_events WHERE type = 'audit.chain_broken'`)
    .map(({ evidence_json }) => JSON.parse(evidence_json as string))
    .filter(({ chain }) => chain === of)
    .map(({ place }) => place as string);
const lastGroup = () => Number(query(database(), 'SELECT max(sequence) AS n FROM ledger_groups')[0]?.n);
const lastRecord = () => Number(query(database(), 'SELECT max(sequence) AS n FROM issuance_records')[0]?.n);

/** The record that the service would have made of the token. */
function recordOf(token: string): IssuanceRecord {
  const [header, payload] = token
    .split('.', 2)
    .map((part) => JSON.parse(String(Buffer.from(part, 'base64url'))));
  const { jti, iat, exp } = payload;
  const names = { scopeId: 'payments', kid: header.kid, clientId: 'payments-sign' };
  return { digest: digestOf(token), ...names, jti, subject: null, root: null, traceId: null, iat, exp };
}

async function kill(): Promise<void> {
  service.process.kill('SIGKILL');
  await service.stop();
}

it(
  'a forged token stays forged with a record of it in the database, and the record leaves a trace once deleted',
  async () => {
    const genuine = await issue();
    const ghosts = [
      { group: FAR, record: FAR },
      { group: -1, record: FAR + 10 },
      { group: lastGroup() + 100, record: FAR + 20, run: createRunKey(1) },
    ];
    const tokens: string[] = [];
    for (const ghost of ghosts) {
      const token = await forgeToken(service, thief, 'payments');
      forgeRecords(database(), [recordOf(token)], ghost);
      tokens.push(token);
    }
    for (const token of tokens) {
      expect(await unknown(token)).toEqual([digestOf(token).toString('base64url')]);
      expect(await verify(token)).toEqual({ valid: false, reason: 'never_issued' });
    }
    expect(await unknown(genuine)).toEqual([]);
    expect(await verify(genuine)).toMatchObject({ valid: true });
    query(database(), `DELETE FROM issuance_records WHERE sequence >= ${FAR}`);
    query(
      database(),
      `DELETE FROM ledger_row_hashes WHERE group_sequence < 1 OR group_sequence > ${lastGroup()}`,
    );
    query(database(), `DELETE FROM ledger_groups WHERE run_id IS NULL OR sequence = ${FAR}`);
    await vi.waitFor(() => {
      expect(broken()).toEqual(expect.arrayContaining(ghosts.map(({ record }) => `record ${record}`)));
    }, A_MINUTE);
    query(database(), 'DELETE FROM ledger_groups WHERE first_record > 1000000');
  },
  DEADLINE_MS,
);

it(
  'what was sealed and is changed while the service runs is told, though nobody asks for it',
  async () => {
    await issue();
    const place = lastRecord();
    const [row] = query(database(), `SELECT group_sequence FROM issuance_records WHERE sequence = ${place}`);
    query(database(), `UPDATE issuance_records SET client_id = 'mallory' WHERE sequence = ${place}`);
    await vi.waitFor(() => expect(broken()).toContain(`group ${row?.group_sequence}`), A_MINUTE);
    query(database(), `UPDATE issuance_records SET client_id = 'payments-sign' WHERE sequence = ${place}`);
  },
  DEADLINE_MS,
);

it(
  'every token in a client’s hands is good after kill -9, and nothing is told',
  async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, issue));
    const before = broken();
    await kill();
    service = await service.restart();
    for (const token of tokens) expect(await verify(token)).toMatchObject({ valid: true });
    expect(await issuing()).toMatchObject({ status: 201 });
    expect(broken()).toEqual(before);
  },
  DEADLINE_MS,
);

it(
  'every record is good after the rows of the runs that sealed it were taken away, and each row is told and made again',
  async () => {
    const token = await issue();
    await kill();
    const runs = () => query(database(), 'SELECT * FROM runs WHERE certificate IS NOT NULL ORDER BY id');
    const before = runs();
    query(database(), 'DELETE FROM runs');
    service = await service.restart();
    expect(await verify(token)).toMatchObject({ valid: true });
    expect(runs()).toEqual(expect.arrayContaining(before));
    expect(broken('audit')).toEqual(expect.arrayContaining(before.map(({ id }) => `run ${id}`)));
  },
  DEADLINE_MS,
);

it(
  'a group that was added after kill -9 counts for nothing and is told at the start; issuing goes on behind it',
  async () => {
    const token = await forgeToken(service, thief, 'payments');
    const genuine = await issue();
    await kill();
    const ghost = { group: lastGroup() + 1, record: lastRecord() + 1 };
    forgeRecords(database(), [recordOf(token)], ghost);
    service = await service.restart();
    expect(broken()).toContain(`group ${ghost.group}`);
    expect(await verify(token)).toEqual({ valid: false, reason: 'never_issued' });
    expect(await verify(genuine)).toMatchObject({ valid: true });
    expect(await verify(await issue())).toMatchObject({ valid: true });
  },
  DEADLINE_MS,
);

it(
  'a group far beyond the last one stops issuing from the start on, and no verification',
  async () => {
    const token = await forgeToken(service, thief, 'payments');
    const genuine = await issue();
    await kill();
    forgeRecords(database(), [recordOf(token)], { group: FAR + 1, record: FAR + 1 });
    service = await service.restart();
    expect(broken()).toContain(`group ${lastGroupBelow(FAR) + 1}`);
    expect(await verify(token)).toEqual({ valid: false, reason: 'never_issued' });
    expect(await verify(genuine)).toMatchObject({ valid: true });
    expect(await issuing()).toMatchObject({ status: 503, body: { code: 'ledger_unavailable' } });
  },
  DEADLINE_MS,
);

function lastGroupBelow(bound: number): number {
  const rows = query(database(), `SELECT max(sequence) AS n FROM ledger_groups WHERE sequence < ${bound}`);
  return Number(rows[0]?.n);
}
