import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openWorkbench } from '../support/hsm-workbench.ts';
import { type RunningService, startService } from '../support/running-service.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const PATIENCE = { timeout: 120_000, interval: 200 };
const PRIVATE_KEY = 3;

interface Key {
  readonly kid: string;
  readonly state: string;
  readonly hsm_id: string;
  readonly proof: { readonly status: string };
}

let service: RunningService;
let credentials: Record<string, string>;

beforeAll(async () => {
  service = await startService();
  credentials = {};
  for (const id of ['payments', 'mail']) credentials[id] = (await service.provision({ id })).sign;
});

afterAll(() => service.remove());

const keysOf = async (scope: string): Promise<Key[]> =>
  (await service.operations('GET', `/v1/admin/keys?scope=${scope}`)).body.keys;
const keyOf = async (scope: string, state: string) => {
  const key = (await keysOf(scope)).find((each) => each.state === state);
  if (!key) throw new Error(`no ${state} key of ${scope}`);
  return key;
};
const issue = async (scope: string) => {
  const body = { claims: { sub: 'alice' } };
  return (await service.data('POST', `/v1/scopes/${scope}/tokens`, credentials[scope], body)).status;
};
const signCheck = async () => {
  const { status, body } = await service.data('GET', '/readyz');
  const { detail } = body.checks.find(({ name }: { name: string }) => name === 'sign');
  return [status, detail];
};
const compromise = ({ kid }: Key) =>
  service.operations('POST', `/v1/admin/keys/${kid}/compromise`, { reason: 'test' });

/** As if the token's folder had been put back from a copy that is older than those keys. */
async function restoredWithout(...keys: readonly Key[]): Promise<void> {
  await service.stop();
  const workbench = await openWorkbench(service.hsm);
  for (const { hsm_id } of keys) {
    for (const half of [PRIVATE_KEY, PRIVATE_KEY - 1]) await workbench.destroy(hsm_id, half);
  }
  await workbench.stop();
  service = await service.restart();
}

it('a standby that is missing is replaced by another, and an emergency picks that one', async () => {
  const lost = await keyOf('payments', 'pre_activation');
  await restoredWithout(lost);
  const proven = async () =>
    (await keysOf('payments')).some(
      ({ kid, state, proof }) => kid !== lost.kid && state === 'pre_activation' && proof.status === 'proven',
    );
  await expect.poll(proven, PATIENCE).toBe(true);
  expect((await compromise(await keyOf('payments', 'active'))).status).toBe(200);
  expect((await keyOf('payments', 'active')).kid).not.toBe(lost.kid);
  expect(await issue('payments')).toBe(201);
  service = await service.restart();
  expect(await issue('payments')).toBe(201);
  expect((await signCheck())[0]).toBe(200);
});

it('an active key that is missing is said by readiness and an event of its scope, and can be followed', async () => {
  const lost = await keyOf('mail', 'active');
  await restoredWithout(lost);
  expect(await signCheck()).toEqual([
    200,
    'the HSM signs; the keys of the scopes mail are missing or not proven',
  ]);
  expect([await issue('mail'), await issue('payments')]).toEqual([503, 201]);
  const events = async () =>
    (await service.operations('GET', '/v1/admin/events?type=key.active_missing&limit=10')).body.events;
  await expect.poll(events, PATIENCE).toMatchObject([{ subject: 'scope:mail', severity: 'critical' }]);
  const rotated = await service.operations('POST', '/v1/admin/scopes/mail/rotate', { reason: 'missing' });
  expect(rotated.status).toBe(200);
  expect(await issue('mail')).toBe(201);
  await expect.poll(signCheck, PATIENCE).toEqual([200, 'the HSM signs']);
});

it('readiness fails where every scope lacks its key, until it is proven again or followed', async () => {
  await restoredWithout(await keyOf('mail', 'active'), await keyOf('payments', 'active'));
  expect(await signCheck()).toEqual([503, expect.stringMatching(/^the HSM lacks the key of every scope: /)]);
  for (const scope of ['mail', 'payments']) {
    expect((await compromise(await keyOf(scope, 'active'))).status).toBe(200);
    await expect.poll(() => issue(scope), PATIENCE).toBe(201);
  }
  await expect.poll(signCheck, PATIENCE).toEqual([200, 'the HSM signs']);
});
