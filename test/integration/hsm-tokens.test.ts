import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { examine } from '../../src/doctor/index.ts';
import { openWorkbench } from '../support/hsm-workbench.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { createSoftHsm, type SoftHsm } from '../support/softhsm.ts';
import { takeAway } from '../support/take-away.ts';

interface Key {
  readonly kid: string;
  readonly hsm_id: string;
  readonly hsm_token: string;
}

const PATIENCE = { timeout: 60_000, interval: 100 };

let further: SoftHsm;
let service: RunningService;
let payments: string;
let partner: string;
let partnerVerify: string;

beforeAll(async () => {
  further = await createSoftHsm('issuer-b');
  service = await startService({ furtherTokens: { 'issuer-b': further } });
  payments = (await service.provision({ id: 'payments' })).sign;
  const clients = await service.provision({ id: 'partner', hsm_token: 'issuer-b' });
  partner = clients.sign;
  partnerVerify = clients.verify;
});

afterAll(async () => {
  await service.remove();
  further.remove();
});

const issue = (scope: string, credential: string) =>
  service.data('POST', `/v1/scopes/${scope}/tokens`, credential, { claims: { sub: 'alice' } });
/** 201, or the code of the problem. */
const outcome = async (scope: string, credential: string) => {
  const { status, body } = await issue(scope, credential);
  return status === 201 ? 201 : body.code;
};
const outcomes = async () => [await outcome('payments', payments), await outcome('partner', partner)];
const keysOf = async (scope: string): Promise<readonly Key[]> =>
  (await service.operations('GET', `/v1/admin/keys?scope=${scope}`)).body.keys;
const signing = async () => {
  const { checks, ready } = (await service.data('GET', '/readyz')).body;
  return [ready, checks.find(({ name }: { name: string }) => name === 'sign').detail];
};
const define = (id: string, members: object) =>
  service.operations('POST', '/v1/admin/scopes', {
    id,
    issuer: 'https://login.example',
    audience: `https://${id}.example`,
    ...members,
  });
/** 201, or the problem: a busy machine may ask for another try. */
const defined = async (id: string) => {
  const { status, body } = await define(id, {});
  return status === 201 ? 201 : body;
};

describe('two HSM tokens', () => {
  it('hold the keys of the scopes that were placed on them, and nothing of the other’s', async () => {
    const [here, there] = [await openWorkbench(service.hsm), await openWorkbench(further)];
    onTestFinished(async () => void (await Promise.all([here.stop(), there.stop()])));
    for (const [scope, hsmToken, its, other] of [
      ['payments', 'primary', here, there],
      ['partner', 'issuer-b', there, here],
    ] as const) {
      for (const key of await keysOf(scope)) {
        expect(key.hsm_token).toBe(hsmToken);
        expect(await its.points(key.hsm_id)).toHaveLength(1);
        expect(await other.points(key.hsm_id)).toHaveLength(0);
      }
    }
    expect(await outcomes()).toEqual([201, 201]);
  });

  it('serve after a restart, and keys of both stand in signed key sets', async () => {
    service = await service.restart();
    expect(await outcomes()).toEqual([201, 201]);
    for (const scope of ['payments', 'partner']) {
      expect((await service.data('GET', `/scopes/${scope}/jwks.jwt`)).status).toBe(200);
    }
    const { body } = await issue('partner', partner);
    const verified = await service.data('POST', '/v1/scopes/partner/verify', partnerVerify, {
      token: body.token,
    });
    expect(verified.body).toMatchObject({ valid: true, kid: body.kid });
  });

  it('have each its name in metrics and log', async () => {
    const { body } = await service.operations('GET', '/metrics');
    expect(body).toContain('keyward_signer_state{hsm_token="primary",state="ready"} 1\n');
    expect(body).toContain('keyward_signer_state{hsm_token="issuer-b",state="ready"} 1\n');
    expect(service.signerPid('issuer-b')).not.toBe(service.signerPid('primary'));
  });
});

describe('an outage of one token leaves the scopes of the other as they were', () => {
  it('when a signer is killed', async () => {
    process.kill(service.signerPid('issuer-b'), 'SIGKILL');
    expect(await outcome('payments', payments)).toBe(201);
    await expect.poll(() => outcome('partner', partner), PATIENCE).toBe(201);
  });

  it('when a signer hangs', async () => {
    const pid = service.signerPid('issuer-b');
    process.kill(pid, 'SIGSTOP');
    const waiting = outcome('partner', partner);
    expect(await outcome('payments', payments)).toBe(201);
    await expect.poll(() => defined('meanwhile'), PATIENCE).toBe(201);
    expect([201, 'hsm_unavailable']).toContain(await waiting);
    await expect.poll(() => outcome('partner', partner), PATIENCE).toBe(201);
    expect(service.signerPid('issuer-b')).not.toBe(pid);
  });

  it('when a further token is away: issuing, readiness, provisioning and doctor', async () => {
    const bringBack = takeAway(further);
    process.kill(service.signerPid('issuer-b'), 'SIGKILL');
    await expect.poll(outcomes, PATIENCE).toEqual([201, 'hsm_unavailable']);
    await expect.poll(signing, PATIENCE).toEqual([true, 'the HSM signs, but for its tokens issuer-b']);
    await expect.poll(() => defined('orders'), PATIENCE).toBe(201);
    expect((await define('elsewhere', { hsm_token: 'issuer-b' })).body.code).toBe('hsm_unavailable');
    expect((await service.operations('GET', '/v1/admin/scopes/elsewhere')).status).toBe(404);
    bringBack();
    await expect.poll(outcomes, PATIENCE).toEqual([201, 201]);
    await expect.poll(signing, PATIENCE).toEqual([true, 'the HSM signs']);
    expect(await define('elsewhere', { hsm_token: 'issuer-b' })).toMatchObject({ status: 201 });
  });

  it('when the first token is away: the others’ scopes go on', async () => {
    const bringBack = takeAway(service.hsm);
    process.kill(service.signerPid('primary'), 'SIGKILL');
    await expect.poll(outcomes, PATIENCE).toEqual(['hsm_unavailable', 201]);
    await expect.poll(signing, PATIENCE).toEqual([true, 'the HSM signs, but for its tokens primary']);
    bringBack();
    await expect.poll(outcomes, PATIENCE).toEqual([201, 201]);
  });

  it('when a token is away at the start', async () => {
    await service.stop();
    const bringBack = takeAway(further);
    service = await service.restart();
    expect(await outcomes()).toEqual([201, 'hsm_unavailable']);
    bringBack();
    await expect.poll(outcomes, PATIENCE).toEqual([201, 201]);
  });
});

it('a scope is not placed on a token that the configuration does not name', async () => {
  const { status, body } = await define('nowhere', { hsm_token: 'issuer-c' });
  expect([status, body.code, body.detail]).toEqual([
    422,
    'unknown_hsm_token',
    'there is no HSM token of this name; use one of primary, issuer-b',
  ]);
});

it('doctor opens each token, and one that is away is its own finding', async () => {
  await service.stop();
  const findings = async () => {
    const all = await examine({ configFile: service.configFile, openToken: false });
    return all.filter(({ check }) => /^(?:token|keys)/.test(check)).map(({ check, level }) => [check, level]);
  };
  expect(await findings()).toEqual([
    ['token', 'warn'],
    ['keys', 'ok'],
    ['token: issuer-b', 'warn'],
    ['keys: issuer-b', 'ok'],
  ]);
  const bringBack = takeAway(further);
  expect(await findings()).toEqual([
    ['token', 'warn'],
    ['keys', 'ok'],
    ['token: issuer-b', 'fail'],
  ]);
  bringBack();
  service = await service.restart();
  expect(await outcomes()).toEqual([201, 201]);
});

it('the compromise of a token takes all its keys at once, and its scopes go on where they are placed next', async () => {
  service = await service.restart();
  const before = (await issue('partner', partner)).body.token;
  const { status, body } = await service.operations('POST', '/v1/admin/hsm/issuer-b/compromise', {
    reason: 'the PIN was in a mail',
  });
  expect(status).toBe(200);
  expect(body.waiting).toContain('partner');
  expect(body.compromised.map(({ scope }: { scope: string }) => scope)).not.toContain('payments');
  expect(await outcomes()).toEqual([201, 'no_active_key']);
  const verify = (token: string) =>
    service.data('POST', '/v1/scopes/partner/verify', partnerVerify, { token });
  expect((await verify(before)).body).toEqual({ valid: false, reason: 'key_compromised' });
  expect((await define('again', { hsm_token: 'issuer-b' })).body.code).toBe('hsm_token_compromised');
  const back = await service.operations('PATCH', '/v1/admin/scopes/payments', { hsm_token: 'issuer-b' });
  expect(back.body.code).toBe('hsm_token_compromised');

  const placed = await service.operations('PATCH', '/v1/admin/scopes/partner', { hsm_token: 'primary' });
  expect([placed.status, placed.body.scope.hsm_token]).toEqual([200, 'primary']);
  await expect.poll(outcomes, PATIENCE).toEqual([201, 201]);
  service = await service.restart();
  expect(await outcomes()).toEqual([201, 201]);
  expect((await verify(before)).body).toEqual({ valid: false, reason: 'key_compromised' });
});
