import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { ON_POSTGRES } from '../support/on-postgres.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { auditEventsOf, queryStore } from '../support/service-store.ts';
import { createShim, type Shim } from '../support/shim.ts';
import { SOFTHSM_MODULE } from '../support/softhsm.ts';
import { loadTokens } from '../support/token-load.ts';

const DEADLINE_MS = 180_000;
const PATIENCE = { timeout: 60_000, interval: 50 };
vi.setConfig({ testTimeout: DEADLINE_MS, hookTimeout: DEADLINE_MS });

let shim: Shim;
let service: RunningService;
let mute: Server;
let credentials: { sign: string; verify: string };

const database = () => join(service.hsm.folder, 'keyward.db');
const keyOf = async (scope: string, state: string) => {
  const { body } = await service.operations('GET', `/v1/admin/keys?scope=${scope}`);
  return body.keys.find((key: { state: string }) => key.state === state);
};
const keyNamed = async (scope: string, kid: string) => {
  const { body } = await service.operations('GET', `/v1/admin/keys?scope=${scope}`);
  return body.keys.find((key: { kid: string }) => key.kid === kid);
};
const issue = async (scope = 'payments', subject = 'ada') =>
  await service.data('POST', `/v1/scopes/${scope}/tokens`, credentials.sign, { claims: { sub: subject } });
const verify = async (token: string, scope = 'payments') =>
  (await service.data('POST', `/v1/scopes/${scope}/verify`, credentials.verify, { token })).body;
const compromise = async (kid: string, more: object = {}) =>
  await service.operations('POST', `/v1/admin/keys/${kid}/compromise`, { reason: 'seen in a dump', ...more });
const standbyIsThere = () =>
  expect.poll(async () => (await keyOf('payments', 'pre_activation'))?.proof.status, PATIENCE).toBe('proven');

beforeAll(async () => {
  shim = await createShim({ realModule: SOFTHSM_MODULE });
  service = await startService({ shim });
  mute = createServer(() => {}).listen(0, '127.0.0.1');
  credentials = await service.provision({ id: 'payments' });
});

afterAll(async () => {
  shim.control([]);
  await service.remove();
  mute.close();
  shim.remove();
});

describe('a compromise under load', () => {
  it('lets no request fail and no record of the key come after it, while nothing of it is accepted', async () => {
    const { kid } = await keyOf('payments', 'active');
    const load = loadTokens(service, 'payments', credentials.sign);
    await load.nextToken();
    const token = load.tokens.at(-1) ?? '';
    const { status, body } = await compromise(kid);
    const lastOfIt = async () => {
      const newest = `SELECT max(sequence) AS last FROM issuance_records WHERE kid = '${kid}'`;
      return (await queryStore(service, newest))[0]?.last;
    };
    const last = await lastOfIt();
    expect([status, body.key.state, body.already]).toEqual([200, 'compromised', false]);
    expect(await verify(token)).toEqual({ valid: false, reason: 'key_compromised' });
    await load.nextToken();
    await load.nextToken();
    await load.stop();
    expect(load.refusals).toEqual([]);
    expect(await lastOfIt()).toBe(last);
    const kidOf = (of: string) => JSON.parse(Buffer.from(of.split('.')[0] ?? '', 'base64url').toString()).kid;
    expect([...new Set(load.tokens.map(kidOf))].sort()).toEqual([kid, body.promoted.kid].sort());
    expect(await verify(load.tokens.at(-1) ?? '')).toMatchObject({ valid: true, kid: body.promoted.kid });
  });

  it('is told of with its reason, and twice changes nothing', async () => {
    const { kid } = await keyOf('payments', 'compromised');
    const told = async () =>
      (await auditEventsOf(service)).filter(
        ({ type, subject }) => type === 'key.compromised' && subject === `key:${kid}`,
      );
    expect(await told()).toMatchObject([{ details: { why: 'seen in a dump', kept_for_forensics: false } }]);
    const { status, body } = await compromise(kid, { keep_for_forensics: true });
    expect([status, body.already, body.key.kept_for_forensics]).toEqual([200, true, false]);
    expect(await told()).toHaveLength(1);
  });

  it('is followed by a new standby and the end of the private half', async () => {
    await standbyIsThere();
    const { kid, hsm_id } = await keyOf('payments', 'compromised');
    await expect
      .poll(async () => (await keyNamed('payments', kid)).private_half_destroyed_at, PATIENCE)
      .not.toBeNull();
    const states = await queryStore(service, `SELECT state FROM signing_keys WHERE hsm_id = '${hsm_id}'`);
    expect(states).toEqual([{ state: 'compromised' }]);
    const keySet = (await service.data('GET', '/scopes/payments/jwks.json')).body;
    expect(keySet.keys.map((key: { kid: string }) => key.kid)).not.toContain(kid);
  });
});

describe('what a compromise hits', () => {
  it('is its live tokens by client and subject, its first and last issue, and the other keys', async () => {
    await standbyIsThere();
    for (const subject of ['ada', 'ada', 'bob']) expect((await issue('payments', subject)).status).toBe(201);
    const { kid } = await keyOf('payments', 'active');
    await compromise(kid);
    const { body } = await service.operations('GET', `/v1/admin/keys/${kid}/compromise`);
    const { use, other_keys, private_half, verifiers } = body.compromise;
    const counted = Object.fromEntries(
      use.subjects.listed.map(({ name, tokens }: { name: string; tokens: number }) => [name, tokens]),
    );
    expect([counted.ada, counted.bob]).toEqual([2, 1]);
    expect(use.clients.listed).toEqual([{ name: 'payments-sign', tokens: use.live_tokens }]);
    expect(use.first_issued_at).toBeLessThanOrEqual(use.last_issued_at);
    expect(other_keys.listed.map((key: { kid: string }) => key.kid)).not.toContain(kid);
    expect(['to_be_destroyed', 'destroyed']).toContain(private_half);
    expect(verifiers).toEqual([]);
  });

  it('is asked for of a compromised key alone', async () => {
    await standbyIsThere();
    const { kid } = await keyOf('payments', 'active');
    const asked = (of: string) => service.operations('GET', `/v1/admin/keys/${of}/compromise`);
    expect((await asked(kid)).body.code).toBe('transition_forbidden');
    expect((await asked('nobody')).body.code).toBe('unknown_key');
  });
});

describe('a compromise whose private half is kept', () => {
  it('stays in the HSM, signs nothing, and goes when it is told to', async () => {
    await standbyIsThere();
    const { kid } = await keyOf('payments', 'active');
    const { body } = await compromise(kid, { keep_for_forensics: true });
    expect(body.compromise.private_half).toBe('kept');
    await standbyIsThere();
    expect((await keyNamed('payments', kid)).private_half_destroyed_at).toBeNull();
    await service.operations('POST', `/v1/admin/keys/${kid}/destroy`, { reason: 'case closed' });
    await expect
      .poll(async () => (await keyNamed('payments', kid)).private_half_destroyed_at, PATIENCE)
      .not.toBeNull();
  });
});

describe('a compromise with the HSM hung and every audit sink hung', () => {
  it('takes effect all the same, before anything that waits for them, and is finished when they are back', async () => {
    await standbyIsThere();
    await service.stop();
    const config = parse(readFileSync(service.configFile, 'utf8'));
    const { port } = mute.address() as { port: number };
    const sinks = [{ type: 'syslog', host: '127.0.0.1', port, tls: {} }];
    const hung = { ...config, audit: { sinks, sink_deadline_ms: 5_000 } };
    writeFileSync(service.configFile, stringify(hung), { mode: 0o600 });
    service = await service.restart();
    const { token } = (await issue()).body;
    const { kid } = await keyOf('payments', 'active');

    shim.control(['C_Sign hang', 'C_FindObjects hang', 'C_GenerateKeyPair hang', 'C_DestroyObject hang']);
    let waits = true;
    const waiting = issue().then(() => {
      waits = false;
    });
    const { status, body } = await compromise(kid);
    expect([status, body.key.state, waits]).toEqual([200, 'compromised', true]);
    expect(await verify(token)).toEqual({ valid: false, reason: 'key_compromised' });
    const keySet = (await service.data('GET', '/scopes/payments/jwks.json')).body;
    expect(keySet.keys.map((key: { kid: string }) => key.kid)).toEqual([body.promoted.kid]);
    const [event] = (await auditEventsOf(service))
      .filter(({ type, subject }) => type === 'key.compromised' && subject === `key:${kid}`)
      .slice(-1);
    expect(event?.details).toMatchObject({ promoted: body.promoted.kid, unsigned: expect.any(Array) });

    shim.control([]);
    await waiting;
    await expect
      .poll(() => queryStore(service, 'SELECT 1 FROM registry_rows WHERE pending IS NOT NULL'), PATIENCE)
      .toEqual([]);
    expect((await issue()).body.kid).toBe(body.promoted.kid);
    await service.stop();
    writeFileSync(service.configFile, stringify(config), { mode: 0o600 });
    service = await service.restart();
    expect(await verify(token)).toEqual({ valid: false, reason: 'key_compromised' });
    await standbyIsThere();
    await expect
      .poll(async () => (await keyNamed('payments', kid)).private_half_destroyed_at, PATIENCE)
      .not.toBeNull();
  });
});

// Copies the file: a database that was put back on PostgreSQL is looked at in the same way.
describe.skipIf(ON_POSTGRES)('a state restored from before a compromise', () => {
  it('does not bring the key back: the service serves nothing on it', async () => {
    await standbyIsThere();
    const { kid } = await keyOf('payments', 'active');
    await service.stop();
    const [older, newer] = [`${database()}.older`, `${database()}.newer`];
    copyFileSync(database(), older);
    service = await service.restart();
    await compromise(kid);
    await service.stop();
    copyFileSync(database(), newer);
    copyFileSync(older, database());
    service = await service.restart();
    const refused = await service.data('GET', '/scopes/payments/jwks.json');
    expect([refused.status, refused.body.code]).toEqual([503, 'database_restored']);
    await service.stop();
    copyFileSync(newer, database());
    service = await service.restart();
    expect((await keyNamed('payments', kid)).state).toBe('compromised');
  });
});
