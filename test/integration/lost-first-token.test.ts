import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseDocument } from 'yaml';
import { verifyAudit } from '../../src/audit-verify/index.ts';
import { REGISTRY_TABLE_NAMES } from '../../src/db/signed/tables.ts';
import { examine } from '../../src/doctor/index.ts';
import { keyward as runHere } from '../support/command-line.ts';
import { freePorts } from '../support/free-port.ts';
import { restoreTables } from '../support/restore-tables.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { createSoftHsm, makeToken, SOFTHSM_MODULE, type SoftHsm } from '../support/softhsm.ts';
import { query } from '../support/store-database.ts';

const PATIENCE = { timeout: 60_000, interval: 100 };
const ENROL = '/v1/admin/service-keys/enrol';

// Commands log in, each by a signer of its own.
vi.setConfig({ testTimeout: 120_000 });

let service: RunningService;
let further: SoftHsm;
let payments: { sign: string; verify: string };
let partner: { sign: string; verify: string };
let before: string;

const database = () => join(service.hsm.folder, 'keyward.db');
const sink = () => join(service.hsm.folder, 'audit.jsonl');
const config = () => parseDocument(readFileSync(service.configFile, 'utf8'));

async function keyward(...argv: string[]): Promise<{ code: number; said: string }> {
  const { exitCode, out, err } = await runHere([...argv, '--config', service.configFile]);
  return { code: exitCode, said: out + err };
}

async function issue(scope: string, { sign }: { sign: string }) {
  return service.data('POST', `/v1/scopes/${scope}/tokens`, sign, { claims: { sub: 'alice' } });
}

const verify = async (token: string) =>
  (await service.data('POST', '/v1/scopes/payments/verify', payments.verify, { token })).body;

const keysOf = async (scope: string): Promise<Record<string, string>[]> =>
  (await service.operations('GET', `/v1/admin/keys?scope=${scope}`)).body.keys;

/**
 * Seconds after a start, the inventory logs in by a process of its own. A token that is lost meanwhile leaves a PIN
 * attempt of unknown fate, and then nothing logs in to another token before an operator has looked.
 */
const inventoryTaken = () =>
  service.logged(({ msg, hsm_token }) => msg === 'inventory taken' && hsm_token === 'primary');

/** Its files are gone, as when its disk is. */
function loseToken(): void {
  rmSync(service.hsm.tokenFolder, { recursive: true });
  mkdirSync(service.hsm.tokenFolder);
}

const init = () =>
  keyward(
    'init',
    ...['carl', 'dora'].flatMap((id) => ['--operator', `${id}=${join(service.hsm.folder, id)}`]),
  );

async function doctor(check: string): Promise<string> {
  const found = (await examine({ configFile: service.configFile, openToken: true })).filter(
    ({ level }) => level !== 'ok',
  );
  const finding = found.find((each) => each.check === check && each.level === 'fail');
  if (!finding) throw new Error(`doctor finds no fault of the ${check}, but ${JSON.stringify(found)}`);
  return `${finding.summary} → ${finding.advice}`;
}

async function enrol(decision: object) {
  const proposed = await service.operations('POST', ENROL, decision);
  expect(proposed.status).toBe(202);
  const { id, changes } = proposed.body.proposal;
  const approve = `/v1/admin/proposals/${id}/approve`;
  const approved = await service.operations('POST', approve, undefined, service.approver);
  expect(approved).toMatchObject({ status: 200 });
  await service.logged(({ msg, held }) => msg === 'operations plane listens' && held === undefined);
  return { changes, result: approved.body.result };
}

/** What the runbook asks of operators: an empty token, and its name in the configuration. */
async function nameNewToken(label: string): Promise<string> {
  const { environment, pin } = service.hsm;
  const serial = await makeToken(environment, { modulePath: SOFTHSM_MODULE, label, pin });
  const document = config();
  document.setIn(['hsm', 'token_label'], label);
  document.setIn(['hsm', 'token_serial'], serial);
  writeFileSync(service.configFile, document.toString());
  return serial;
}

beforeAll(async () => {
  further = await createSoftHsm('issuer-b');
  const [data, operations] = await freePorts(2);
  service = await startService({
    twoPersons: true,
    furtherTokens: { 'issuer-b': further },
    config: {
      data_plane: { port: data, public_url: `http://127.0.0.1:${data}` },
      operations_plane: { port: operations },
    },
  });
  payments = await service.provision({ id: 'payments' });
  partner = await service.provision({ id: 'partner', hsm_token: 'issuer-b' });
  before = (await issue('payments', payments)).body.token;
  expect(await verify(before)).toMatchObject({ valid: true });
  await inventoryTaken();
}, 120_000);

afterAll(async () => {
  await service.remove();
  further.remove();
});

describe('the loss of the first HSM token', () => {
  it('is named by the running service, and not taken for an outage', async () => {
    loseToken();
    process.kill(service.signerPid(), 'SIGKILL');
    await service.logged(({ msg }) => String(msg).startsWith('HSM away'));
    const detail = 'the HSM token is not present; if it is lost for good: docs/runbooks/lost-hsm.md';
    const shown = 'the HSM token is not present: its module shows no token';
    const scope = { id: 'mail', issuer: 'https://login.example', audience: 'https://mail.example' };
    const approvable = await service.operations('POST', '/v1/admin/scopes', scope);
    expect([approvable.status, approvable.body.detail]).toEqual([503, `${detail}: ${shown}`]);
    const issued = await issue('payments', payments);
    expect([issued.status, issued.body.detail]).toEqual([503, detail]);
    expect((await issue('partner', partner)).status).toBe(201);
    await service.stop();
  });

  it('is named by doctor and init', async () => {
    expect(await doctor('token')).toMatch(
      /the HSM token is not present: its module shows no token.*lost-hsm\.md/s,
    );
    const { code, said } = await init();
    expect([code, said]).toEqual([1, expect.stringContaining('the HSM token is not present')]);
  });
});

describe('once the first HSM token is lost', () => {
  it('replaces nothing while the configuration still names it', async () => {
    const { code, said } = await keyward('hsm', 'replace');
    expect([code, said]).toEqual([1, expect.stringContaining('[hsm_unavailable]')]);
    expect(config().getIn(['hsm', 'replacements'])).toBeUndefined();
  });

  it('makes successors on the token that takes its place', async () => {
    const former = config().getIn(['hsm', 'registry_key']);
    await nameNewToken('second');
    expect(await doctor('service keys')).toMatch(
      /does not hold the registry key and the audit key.*lost-hsm\.md/s,
    );
    expect((await init()).said).toMatch(/key is not in its HSM token.*\[key_unproven\]/s);
    const { code, said } = await keyward('hsm', 'replace', '--json');
    expect([code, said]).toEqual([0, expect.any(String)]);
    expect(JSON.parse(said)).toMatchObject({
      former_registry_key: former,
      registry_key: config().getIn(['hsm', 'registry_key']),
      audit_key: config().getIn(['hsm', 'audit_key']),
      last_checkpoint: expect.any(Number),
    });
    expect(config().getIn(['hsm', 'registry_key'])).not.toBe(former);
    expect(await doctor('succession')).toContain('keyward hsm enrol');
    expect(await keyward('hsm', 'replace', '--json')).toEqual({ code, said });
  });

  it('waits: nothing is issued or verified, and one person alone enrols nothing', async () => {
    service = await service.restart();
    const refused = { status: 503, body: { code: 'service_keys_replaced' } };
    expect(await issue('payments', payments)).toMatchObject(refused);
    expect(await service.data('GET', '/scopes/payments/jwks.json')).toMatchObject(refused);
    expect(await service.operations('GET', '/v1/admin/keys?scope=payments')).toMatchObject(refused);
    expect(await service.data('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { ready: false, checks: [{ name: 'service_keys', ok: false }] },
    });
    expect((await service.operations('POST', ENROL, {})).status).toBe(422);
    const { status, body } = await service.operations('POST', ENROL, { reason: 'burnt' });
    expect(status).toBe(202);
    const approve = `/v1/admin/proposals/${body.proposal.id}/approve`;
    expect((await service.operations('POST', approve)).body.code).toBe('self_approval');
    expect(await service.data('GET', '/readyz')).toMatchObject({ status: 503 });
  });

  it('goes on with them when two persons enrol them', async () => {
    const named = config().getIn(['hsm', 'registry_key']);
    const { changes, result } = await enrol({ reason: 'burnt' });
    expect(changes).toContainEqual({ member: 'registry_key', from: expect.any(String), to: named });
    const told = { registry_key: named, former_token: 'former-1', keys: 2, refused_rows: 0, stolen: false };
    expect(result).toMatchObject(told);
    expect((await service.operations('POST', ENROL, { reason: 'again' })).body.code).toBe('not_replaced');
  });

  it('issues again with keys of the new token, and tokens of before are good', async () => {
    await expect.poll(async () => (await issue('payments', payments)).status, PATIENCE).toBe(201);
    const { token } = (await issue('payments', payments)).body;
    expect(await verify(token)).toMatchObject({ valid: true });
    expect(await verify(before)).toMatchObject({ valid: true, key_state: 'deactivated' });
    const keys = await keysOf('payments');
    expect(keys.filter(({ hsm_token }) => hsm_token === 'former-1').map(({ state }) => state)).toEqual([
      'deactivated',
    ]);
    const active = keys.find(({ state }) => state === 'active');
    expect(active?.hsm_token).toBe('primary');
    expect((await issue('partner', partner)).status).toBe(201);
    expect((await keysOf('partner')).every(({ hsm_token }) => hsm_token === 'issuer-b')).toBe(true);
  });
});

describe('after the enrolment', () => {
  it('keeps one trail: database and sink verify by both audit keys, each for its own checkpoints', async () => {
    await service.stop();
    const { configFile } = service;
    const inDatabase = await verifyAudit({ configFile, saved: [sink()] });
    expect(inDatabase.findings).toEqual([]);
    expect(inDatabase.auditKid).toBe(config().getIn(['hsm', 'audit_key']));
    expect((await verifyAudit({ configFile, file: sink(), saved: [] })).findings).toEqual([]);
    const [event] = query(database(), `SELECT * FROM audit_events WHERE type = 'service_keys.enrolled'`);
    expect(event).toMatchObject({ actor: 'alice', subject: 'registry' });
    expect(JSON.parse(event?.details_json as string)).toMatchObject({
      approved_by: 'bob',
      reason: 'burnt',
      registry_key: config().getIn(['hsm', 'registry_key']),
    });
  });

  it('believes no checkpoint of the former audit key past the last that it may have signed', async () => {
    const last = ['hsm', 'replacements', 0, 'last_checkpoint'];
    const document = config();
    const written = document.toString();
    document.setIn(last, Number(document.getIn(last)) - 1);
    writeFileSync(service.configFile, document.toString());
    const { findings } = await verifyAudit({ configFile: service.configFile, saved: [] });
    writeFileSync(service.configFile, written);
    expect(findings).toContainEqual(expect.objectContaining({ part: 'checkpoints', fault: 'bad_signature' }));
  });

  it('starts again as any other service', async () => {
    service = await service.restart();
    expect(service.log).not.toContainEqual(expect.objectContaining({ held: true }));
    expect((await issue('payments', payments)).status).toBe(201);
    expect(await verify(before)).toMatchObject({ valid: true });
    expect(service.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });
});

describe('a token that was stolen, on a database that was changed', () => {
  let stolen: string;

  it('is replaced again: neither rows that the former registry key did not sign are taken over, nor older ones', async () => {
    stolen = (await issue('payments', payments)).body.token;
    await service.stop();
    copyFileSync(database(), `${database()}.older`);
    service = await service.restart();
    await inventoryTaken();
    await service.act('PATCH', '/v1/admin/scopes/partner', { policy: { max_ttl_seconds: 900 } });
    // No checkpoint covers the change.
    service.process.kill('SIGKILL');
    await service.stop();
    loseToken();
    const db = new DatabaseSync(database());
    db.exec("UPDATE clients SET description = 'forged' WHERE id = 'partner-verify'");
    db.close();
    await nameNewToken('third');
    expect(await keyward('hsm', 'replace')).toEqual({ code: 0, said: expect.any(String) });
    copyFileSync(database(), `${database()}.newer`);
    restoreTables(database(), `${database()}.older`, [
      ...REGISTRY_TABLE_NAMES,
      'registry_rows',
      'registry_buckets',
      'registry_head',
    ]);
    await expect(service.restart()).rejects.toThrow('[database_restored]');
    for (const end of ['-wal', '-shm']) rmSync(database() + end, { force: true });
    copyFileSync(`${database()}.newer`, database());
    service = await service.restart();
    const { result } = await enrol({ reason: 'missing from its rack', stolen: true });
    expect(result).toMatchObject({ former_token: 'former-2', stolen: true, refused_rows: 1 });
  });

  it('nothing of its keys is accepted; keys of other tokens are as they were', async () => {
    await expect.poll(async () => (await issue('payments', payments)).status, PATIENCE).toBe(201);
    expect(await verify(stolen)).toEqual({ valid: false, reason: 'key_compromised' });
    expect(await verify(before)).toMatchObject({ valid: true });
    expect((await issue('partner', partner)).status).toBe(201);
    const path = '/v1/scopes/partner/verify';
    expect((await service.data('POST', path, partner.verify, { token: stolen })).status).toBe(401);
  });

  it('that a token lost before was stolen, too, can be said afterwards', async () => {
    const compromise = (token: string) =>
      service.operations('POST', `/v1/admin/hsm/${token}/compromise`, { reason: 'found at a thief' });
    expect((await compromise('former-3')).body.code).toBe('unknown_hsm_token');
    expect((await compromise('former-1')).body).toMatchObject({ keys: 1, service_keys: false });
    expect(await verify(before)).toEqual({ valid: false, reason: 'key_compromised' });
    expect((await issue('payments', payments)).status).toBe(201);
  });
});
