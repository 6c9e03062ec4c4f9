import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';
import { createSoftHsm, type SoftHsm } from '../support/softhsm.ts';
import { takeAway } from '../support/take-away.ts';
import { loadTokens } from '../support/token-load.ts';

interface Key {
  readonly kid: string;
  readonly state: string;
  readonly hsm_token: string;
  readonly proof: { readonly status: string };
}

const PATIENCE = { timeout: 120_000, interval: 100 };
/** A standby is known to every verifier after a second. */
const policy = { jwks_max_age_seconds: 1, max_stale_seconds: 0, clock_skew_seconds: 0 };

let further: SoftHsm;
let service: RunningService;
let clients: { sign: string; verify: string };

beforeAll(async () => {
  further = await createSoftHsm('issuer-b');
  service = await startService({ furtherTokens: { 'issuer-b': further }, hsm: { failover_seconds: 2 } });
  clients = await service.provision({ id: 'payments', standby_token: 'issuer-b', policy });
});

afterAll(async () => {
  await service.remove();
  further.remove();
});

const issue = () =>
  service.data('POST', '/v1/scopes/payments/tokens', clients.sign, { claims: { sub: 'alice' } });
const outcome = async () => {
  const { status, body } = await issue();
  return status === 201 ? 201 : body.code;
};
const verdict = async (token: string) =>
  (await service.data('POST', '/v1/scopes/payments/verify', clients.verify, { token })).body;
const keys = async (): Promise<readonly Key[]> =>
  (await service.operations('GET', '/v1/admin/keys?scope=payments')).body.keys;
/** Where the keys that sign, or will, are, and whether the HSM has shown them. */
const places = async () =>
  Object.fromEntries(
    (await keys())
      .filter(({ state }) => state === 'active' || state === 'pre_activation')
      .map(({ state, hsm_token, proof }) => [state, `${hsm_token} ${proof.status}`]),
  );
const failovers = async () =>
  (await service.operations('GET', '/v1/admin/events?type=hsm.failed_over')).body.events;
const ready = async () => (await service.data('GET', '/readyz')).body.ready;
const kidOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;

it('the first key is on one token, the standby on the other', async () => {
  expect(await places()).toEqual({ active: 'primary proven', pre_activation: 'issuer-b proven' });
});

describe('an HSM token is removed under load', () => {
  it('issuing goes on with the standby on the other, also after a restart, and its return needs no hand', async () => {
    const [former] = (await keys()).filter(({ state }) => state === 'active');
    const load = loadTokens(service, 'payments', clients.sign);
    await load.nextToken();
    const bringBack = takeAway(service.hsm);
    await load.nextRefusal();
    await expect.poll(async () => (await places()).active, PATIENCE).toBe('issuer-b proven');
    await load.nextToken();
    await load.stop();

    const kids = load.tokens.map(kidOf);
    const first = kids.indexOf(kids.at(-1));
    expect(new Set(kids.slice(0, first))).toEqual(new Set([former?.kid]));
    expect(new Set(kids.slice(first)).size).toBe(1);
    const refusals = load.refusals.map(({ status, body }) => [status, body.code]);
    expect(new Set(refusals.map(String))).toEqual(new Set(['503,hsm_unavailable']));
    expect(await verdict(load.tokens[0] ?? '')).toMatchObject({ valid: true, kid: former?.kid });
    expect(await verdict(load.tokens.at(-1) ?? '')).toMatchObject({ valid: true });
    await expect.poll(ready, PATIENCE).toBe(true);
    service = await service.restart();
    expect(await outcome()).toBe(201);

    bringBack();
    await expect
      .poll(places, PATIENCE)
      .toEqual({ active: 'issuer-b proven', pre_activation: 'primary proven' });
    expect(await outcome()).toBe(201);
    expect(await verdict(load.tokens[0] ?? '')).toMatchObject({ valid: true, kid: former?.kid });
    await expect
      .poll(failovers, PATIENCE)
      .toMatchObject([{ severity: 'warning', evidence: { hsm_token: 'primary', scopes: ['payments'] } }]);
  });

  it('so it does when the other one is removed next', async () => {
    const bringBack = takeAway(further);
    process.kill(service.signerPid('issuer-b'), 'SIGKILL');
    await expect.poll(async () => (await places()).active, PATIENCE).toBe('primary proven');
    expect(await outcome()).toBe(201);
    bringBack();
    await expect
      .poll(places, PATIENCE)
      .toEqual({ active: 'primary proven', pre_activation: 'issuer-b proven' });
    await expect.poll(async () => (await failovers()).length, PATIENCE).toBe(2);
  });
});

it('a PIN is stolen: one call, and issuing goes on with the key of the other token', async () => {
  const before = (await issue()).body.token;
  const { status, body } = await service.operations('POST', '/v1/admin/hsm/primary/compromise', {
    reason: 'the PIN was in a mail',
  });
  expect([status, body.waiting]).toEqual([200, []]);
  expect(body.promoted.map(({ scope }: { scope: string }) => scope)).toEqual(['payments']);
  expect(await outcome()).toBe(201);
  expect(await verdict(before)).toEqual({ valid: false, reason: 'key_compromised' });
  await expect
    .poll(places, PATIENCE)
    .toEqual({ active: 'issuer-b proven', pre_activation: 'issuer-b proven' });
});
