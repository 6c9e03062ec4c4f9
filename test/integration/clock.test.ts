import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';
import { query } from '../support/store-database.ts';

const DAY = 86_400;
const PATIENCE = { timeout: 60_000, interval: 50 };
const DEADLINE_MS = 300_000;
const wall = () => Math.floor(Date.now() / 1_000);

interface ShownKey {
  readonly kid: string;
  readonly state: string;
  readonly private_half_destroyed_at: number | null;
}

let service: RunningService;
afterEach(() => service.remove());

const issue = (credential: string) =>
  service.data('POST', '/v1/scopes/payments/tokens', credential, { claims: { sub: 'user-17' } });
const issues = (credential: string) =>
  expect.poll(async () => (await issue(credential)).status, PATIENCE).toBe(201);
const verify = async (credential: string, token: string) =>
  (await service.data('POST', '/v1/scopes/payments/verify', credential, { token })).body;
const keys = async (): Promise<ShownKey[]> =>
  (await service.operations('GET', '/v1/admin/keys?scope=payments')).body.keys;
const confirm = (time: number) =>
  service.act('POST', '/v1/admin/clock/confirm', { time, reason: 'checked by another clock' });
const refused = async (path: string, body: object) =>
  (await service.operations('POST', `/v1/admin${path}`, body)).body.code;
const checkpoints = () => query(join(service.hsm.folder, 'keyward.db'), 'SELECT * FROM checkpoints').length;

async function restartShifted(seconds: number): Promise<void> {
  await service.stop();
  service.shiftClock(seconds);
  service = await service.restart();
}

describe('a service with its clock 40 days ahead', { timeout: DEADLINE_MS }, () => {
  it('only verifies until two persons confirm it; put right, it issues again within one act of two persons', async () => {
    service = await startService({
      twoPersons: true,
      shiftableClock: true,
      config: { clock: { settle_seconds: 0 }, keys: { grace_seconds: 0 } },
    });
    const { sign, verify: verifier } = await service.provision({ id: 'payments' });
    const first = (await issue(sign)).body;
    const before = await keys();
    await service.stop();
    const sealed = checkpoints();

    await restartShifted(40 * DAY);
    expect(await issue(sign)).toMatchObject({ status: 503, body: { code: 'clock_ahead' } });
    expect(await verify(verifier, first.token)).toEqual({ valid: false, reason: 'key_retired' });
    expect(await refused('/scopes/payments/rotate', {})).toBe('clock_ahead');
    expect(await refused('/ledger/erase', { subject: 'user-17' })).toBe('clock_ahead');
    const { checks } = (await service.data('GET', '/readyz')).body;
    expect(checks.filter((check: { ok: boolean }) => !check.ok)).toMatchObject([{ name: 'time' }]);
    const { events } = (await service.operations('GET', '/v1/admin/events?severity=critical')).body;
    expect(events).toMatchObject([
      { type: 'clock.jump', severity: 'critical', evidence: { jump: 'ahead_of_checkpoint' } },
    ]);
    const revoked = await service.operations('POST', '/v1/admin/revocations', { client: 'payments-verify' });
    expect(revoked.status).toBe(201);
    expect([await keys(), checkpoints()]).toEqual([before, sealed]);

    expect(await refused('/clock/confirm', { time: wall(), reason: 'sure' })).toBe('clock_disagrees');
    expect(await confirm(wall() + 40 * DAY)).toMatchObject({ was: 'ahead_of_checkpoint' });
    expect(await refused('/clock/confirm', { time: wall(), reason: 'sure' })).toBe('clock_trusted');
    const over = async () =>
      (await service.operations('GET', '/v1/admin/events?type=condition.over')).body.events;
    await expect
      .poll(over, PATIENCE)
      .toMatchObject([{ subject: 'clock', severity: 'info', evidence: { condition: 'clock.jump' } }]);
    // The clock was wrong after all: the standby goes by its age, in the HSM too, and others are dated ahead.
    const standby = before.find(({ state }) => state === 'pre_activation')?.kid;
    const isGone = async () => (await keys()).find(({ kid }) => kid === standby)?.private_half_destroyed_at;
    await expect.poll(isGone, PATIENCE).not.toBeNull();
    const isMade = async () => (await keys()).some(({ state }) => state === 'pre_activation');
    await expect.poll(isMade, PATIENCE).toBe(true);
    await service.act('POST', `/v1/admin/keys/${first.kid}/compromise`, {
      reason: 'an emergency at that time',
    });
    await issues(sign);
    const ahead = (await issue(sign)).body;

    await restartShifted(0);
    expect((await issue(sign)).body.code).toBe('clock_jump');
    expect(await confirm(wall())).toMatchObject({ was: 'before_checkpoint' });
    await issues(sign);
    const { token, kid } = (await issue(sign)).body;
    expect(before.map((key) => key.kid)).not.toContain(kid);
    expect(kid).not.toBe(ahead.kid);
    expect(await verify(verifier, token)).toMatchObject({ valid: true, kid });
    expect(await verify(verifier, ahead.token)).toMatchObject({ valid: false });
    const set = (await service.data('GET', '/scopes/payments/jwks.json')).body.keys as { nbf: number }[];
    expect(set.filter(({ nbf }) => nbf > wall() + 120)).toEqual([]);

    service = await service.restart();
    await issues(sign);
  });
});

describe('a service with its clock ahead by less than the longest downtime', { timeout: DEADLINE_MS }, () => {
  it('makes another standby, but expires and destroys no key', async () => {
    service = await startService({ shiftableClock: true });
    await service.provision({ id: 'payments', policy: { cryptoperiod_seconds: DAY } });
    const before = await keys();
    await restartShifted(6 * DAY);
    await expect.poll(async () => (await keys()).length, PATIENCE).toBeGreaterThan(before.length);
    const known = new Map((await keys()).map((key) => [key.kid, key]));
    expect(before.map(({ kid }) => known.get(kid)?.private_half_destroyed_at)).toEqual([null, null]);
    expect(before.map(({ kid }) => known.get(kid)?.state)).toEqual(before.map(({ state }) => state));
  });
});
