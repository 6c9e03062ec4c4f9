import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyAudit } from '../../src/audit-verify/index.ts';
import { freePorts } from '../support/free-port.ts';
import { openWorkbench, type Workbench } from '../support/hsm-workbench.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { auditEventsOf, copyOfStore, queryStore, verifiedAudit } from '../support/service-store.ts';

const PATIENCE = { timeout: 60_000 };
/** Every cache has a new key within a second, so that the keys made after the restore sign at once. */
const QUICK = { jwks_max_age_seconds: 1, max_stale_seconds: 0, clock_skew_seconds: 0 };

let service: RunningService;
let thief: Workbench;
const scopes: Record<string, { sign: string; verify: string }> = {};
const tokens: Record<string, string> = {};
let compromised: string;
/** The number of a report that the older copy has. */
let reported: string;
let gap: Record<string, number>;
/** Of `files`, when the newer database was lost. */
let seen: number;

const sink = () => join(service.hsm.folder, 'audit.jsonl');
const forgeries = async () =>
  (await queryStore(service, `SELECT * FROM security_events WHERE type = 'token.never_issued'`)).length;

async function issue(id: string, claims: object = { sub: 'alice' }): Promise<string> {
  const answer = await service.data('POST', `/v1/scopes/${id}/tokens`, scopes[id]?.sign, { claims });
  expect([answer.status, answer.body.code]).toEqual([201, undefined]);
  return answer.body.token;
}

const verify = async (id: string, token = '') =>
  (await service.data('POST', `/v1/scopes/${id}/verify`, scopes[id]?.verify, { token })).body;

const keySetVersion = async (id: string): Promise<number> =>
  (await service.data('GET', `/scopes/${id}/jwks.json`)).body.kw_version;

const keysOf = async (id: string): Promise<Record<string, string>[]> =>
  (await service.operations('GET', `/v1/admin/keys?scope=${id}`)).body.keys;

async function activeKey(id: string): Promise<Record<string, string>> {
  const key = (await keysOf(id)).find(({ state }) => state === 'active');
  if (!key) throw new Error(`no key of ${id} is active`);
  return key;
}

const jtiOf = (token = '') =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti as string;

/** Signed past the service, with its own active key. */
async function forge(id: string, iat: number): Promise<string> {
  const { kid, hsm_id } = await activeKey(id);
  const claims = {
    iss: 'https://login.example',
    aud: `https://${id}.example`,
    sub: 'mallory',
    iat,
    nbf: iat,
    exp: iat + 300,
    jti: randomBytes(16).toString('base64url'),
    client_id: `${id}-sign`,
  };
  const input = [{ alg: 'ES256', typ: 'at+jwt', kid }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = await thief.sign(hsm_id as string, createHash('sha256').update(input).digest());
  return `${input}.${signature.toString('base64url')}`;
}

async function revoke(rule: object): Promise<void> {
  await service.act('POST', '/v1/admin/revocations', { ...rule, reason: 'test' });
}

beforeAll(async () => {
  const [data, operations] = await freePorts(2);
  const config = {
    data_plane: { port: data, public_url: 'http://127.0.0.1:8080' },
    operations_plane: { port: operations },
    audit: { checkpoint_events: 5 },
  };
  service = await startService({ twoPersons: true, config });
  thief = await openWorkbench(service.hsm);
  for (const id of ['payments', 'mail', 'files']) scopes[id] = await service.provision({ id, policy: QUICK });
  tokens.kept = await issue('payments');
  tokens.revoked = await issue('payments');
  tokens.ofClient = await issue('files');
  tokens.ofCompromised = await issue('mail');
  const report = async () =>
    (await service.data('POST', '/v1/scopes/files/reports', undefined, { text: 'odd' })).body.report;
  reported = await report();
  await service.stop();
  const putBack = await copyOfStore(service);

  service = await service.restart();
  tokens.lost = await issue('payments');
  await revoke({ scope: 'payments', jti: jtiOf(tokens.revoked) });
  await revoke({ client: 'files-sign' });
  compromised = (await activeKey('mail')).kid as string;
  await service.act('POST', `/v1/admin/keys/${compromised}/compromise`, { reason: 'stolen' });
  await service.act('POST', '/v1/admin/clients/mail-sign/revoke');
  for (const max_ttl_seconds of [900, 800, 700]) {
    await service.act('PATCH', '/v1/admin/scopes/files', { policy: { max_ttl_seconds } });
  }
  await report();
  await service.act('POST', `/v1/admin/reports/${reported}/erase`);
  seen = await keySetVersion('files');
  expect(await verify('payments', tokens.lost)).toMatchObject({ valid: true });
  await service.stop();

  await putBack();
  service = await service.restart();
}, 180_000);

afterAll(async () => {
  await thief.stop();
  await service.remove();
});

describe('a service on an older copy of its database', () => {
  it('waits: it is alive and not ready, and issues, verifies and administers nothing', async () => {
    const refused = { status: 503, body: { code: 'database_restored' } };
    const { sign, verify: relying } = scopes.payments ?? {};
    expect(await service.data('POST', '/v1/scopes/payments/tokens', sign, { claims: {} })).toMatchObject(
      refused,
    );
    const token = tokens.kept;
    expect(await service.data('POST', '/v1/scopes/payments/verify', relying, { token })).toMatchObject(
      refused,
    );
    expect(await service.data('GET', '/scopes/payments/jwks.json')).toMatchObject(refused);
    expect(await service.operations('GET', '/v1/admin/keys?scope=payments')).toMatchObject(refused);
    expect(await service.data('GET', '/healthz')).toMatchObject({ status: 200 });
    const { status, body } = await service.operations('GET', '/metrics');
    expect([status, body]).toEqual([200, expect.not.stringContaining('keyward_clock_trusted')]);
    expect(await service.data('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { ready: false, checks: [{ name: 'database', ok: false }] },
    });
    expect(service.log).toContainEqual(
      expect.objectContaining({ level: 60, event: 'database.restored', events_missing: expect.any(Number) }),
    );
  });

  it('goes on when two persons accept what is lost, and not before', async () => {
    const path = '/v1/admin/database/accept-restore';
    expect((await service.operations('POST', path, {})).status).toBe(422);
    const { status, body } = await service.operations('POST', path, { reason: 'disk failed' });
    expect(status).toBe(202);
    const { id, changes } = body.proposal;
    for (const [type, to] of [
      ['key.compromised', 1],
      ['revocation.added', 2],
      ['client.revoked', 1],
    ]) {
      expect(changes).toContainEqual({ member: `taken_over.${type}`, from: null, to });
    }
    const approve = `/v1/admin/proposals/${id}/approve`;
    expect((await service.operations('POST', approve)).body.code).toBe('self_approval');
    expect((await service.data('GET', '/readyz')).status).toBe(503);
    const approved = await service.operations('POST', approve, undefined, service.approver);
    expect(approved).toMatchObject({ status: 200, body: { proposal: { state: 'executed' } } });
    gap = approved.body.result;
    await service.logged(({ msg, held }) => msg === 'operations plane listens' && held === undefined);
    expect((await service.operations('POST', path, { reason: 'again' })).body.code).toBe('not_restored');
    // Client libraries know a revocation by its number: those that were lost keep theirs.
    const told = (await auditEventsOf(service)).filter(({ type }) => type === 'revocation.added');
    expect(told.map(({ details }) => details.sequence)).toEqual([1, 2, 3, 4]);
  });
});

describe('once accepted', () => {
  it('tokens whose records are lost are refused without an alarm, and others are good', async () => {
    expect(await verify('payments', tokens.lost)).toEqual({ valid: false, reason: 'record_lost' });
    const introspection = await fetch(`${service.dataUrl}/v1/scopes/payments/introspect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scopes.payments?.verify}` },
      body: new URLSearchParams({ token: tokens.lost ?? '' }),
    });
    expect(await introspection.json()).toEqual({ active: false });
    expect(await verify('payments', tokens.kept)).toMatchObject({ valid: true });
    expect(await forgeries()).toBe(0);
  });

  it('what was restricted in the gap is restricted', async () => {
    expect(await verify('payments', tokens.revoked)).toEqual({ valid: false, reason: 'revoked' });
    expect(await verify('files', tokens.ofClient)).toEqual({ valid: false, reason: 'revoked' });
    expect((await keysOf('mail')).find(({ kid }) => kid === compromised)?.state).toBe('compromised');
    expect(await verify('mail', tokens.ofCompromised)).toEqual({ valid: false, reason: 'key_compromised' });
    const { sign } = scopes.mail ?? {};
    const refused = await service.data('POST', '/v1/scopes/mail/tokens', sign, { claims: { sub: 'a' } });
    expect([refused.status, refused.body.code]).toEqual([401, 'credential_invalid']);
  });

  it('its key sets are newer than those that verifiers hold, so that none refuses them', async () => {
    expect(await keySetVersion('files')).toBeGreaterThan(seen);
  });

  it('tokens are issued, in the end with keys made after the restore', async () => {
    expect(await verify('payments', await issue('payments'))).toMatchObject({ valid: true });
    const until = Number(gap.issued_until);
    await expect
      .poll(async () => Number((await activeKey('payments')).created_at), PATIENCE)
      .toBeGreaterThan(until);
    expect(await verify('payments', await issue('payments'))).toMatchObject({ valid: true });
  });

  it('a forged token outside the gap is an alarm', async () => {
    const now = Math.floor(Date.now() / 1_000);
    for (const iat of [now, Number(gap.issued_from) - 10]) {
      const before = await forgeries();
      const forged = await forge('payments', iat);
      expect(await verify('payments', forged)).toEqual({ valid: false, reason: 'never_issued' });
      expect(await forgeries()).toBe(before + 1);
    }
  });

  it('the trail verifies, in the database, in the sink and with what was kept, and names the restore', async () => {
    const { configFile } = service;
    const inDatabase = await verifiedAudit(service, [sink()]);
    expect(inDatabase.findings).toEqual([]);
    expect(inDatabase.restores).toMatchObject([{ gap: { id: 1, reason: 'disk failed' } }]);
    const inSink = await verifyAudit({ configFile, file: sink(), saved: [] });
    expect(inSink.findings).toEqual([]);
    expect(inSink.restores).toHaveLength(1);
    expect(existsSync(sink())).toBe(true);
    const restored = await queryStore(
      service,
      `SELECT * FROM security_events WHERE type = 'database.restored'`,
    );
    expect(restored).toMatchObject([{ subject: 'database' }]);
    const { not_repeated } = JSON.parse(restored[0]?.evidence_json as string);
    expect(not_repeated.filter((named: string) => named.startsWith('report.'))).toEqual([
      `report.erased report:${reported}`,
    ]);
  });

  it('it starts again as any other database', async () => {
    service = await service.restart();
    expect(service.log).not.toContainEqual(expect.objectContaining({ held: true }));
    expect(await verify('payments', tokens.lost)).toEqual({ valid: false, reason: 'record_lost' });
    expect(await verify('payments', tokens.kept)).toMatchObject({ valid: true });
  });
});
