import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';
import { createShim, type Shim } from '../support/shim.ts';
import { SOFTHSM_MODULE } from '../support/softhsm.ts';
import { query } from '../support/store-database.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });
const PATIENCE = { timeout: 60_000, interval: 100 };
/** CKR_DEVICE_MEMORY, CKR_ACTION_PROHIBITED. */
const [FULL, PROHIBITED] = ['0x31', '0x1b'];

let shim: Shim;
let service: RunningService;

beforeAll(async () => {
  shim = await createShim({ realModule: SOFTHSM_MODULE });
  service = await startService({ shim });
  await service.provision({ id: 'payments' });
  await service.provision({ id: 'mail' });
});

afterAll(async () => {
  shim.control([]);
  await service.remove();
  shim.remove();
});

async function told(type: string): Promise<Record<string, unknown>[]> {
  const { events } = (await service.operations('GET', `/v1/admin/events?type=${type}&limit=1000`)).body;
  return events;
}
const isTold = (type: string) =>
  vi.waitFor(async () => {
    const events = await told(type);
    expect(events).not.toEqual([]);
    return events;
  }, PATIENCE);

interface Key {
  readonly kid: string;
  readonly state: string;
  readonly proof: { readonly status: string };
  readonly private_half_destroyed_at: number | null;
}
const keysOf = async (scope: string): Promise<Key[]> =>
  (await service.operations('GET', `/v1/admin/keys?scope=${scope}`)).body.keys;
const find = async (scope: string, fits: (key: Key) => boolean) => (await keysOf(scope)).find(fits);

/** Its key is out of use, the standby signs: a new one is wanted, and the private half is to go. */
async function compromise(scope: string): Promise<string> {
  const kid = (await find(scope, ({ state }) => state === 'active'))?.kid ?? '';
  const { status } = await service.operations('POST', `/v1/admin/keys/${kid}/compromise`, { reason: 'test' });
  expect(status).toBe(200);
  return kid;
}
const hasStandby = (scope: string) =>
  expect
    .poll(async () => (await find(scope, ({ state }) => state === 'pre_activation'))?.proof.status, PATIENCE)
    .toBe('proven');
const isDestroyed = (scope: string, of: string) =>
  expect
    .poll(async () => (await find(scope, ({ kid }) => kid === of))?.private_half_destroyed_at, PATIENCE)
    .not.toBeNull();

it('tells nothing of a standby that is made and a private half that goes', async () => {
  const kid = await compromise('mail');
  await hasStandby('mail');
  await isDestroyed('mail', kid);
  expect(await told('key.standby_missing')).toEqual([]);
  expect(await told('key.change_unfinished')).toEqual([]);
});

it('tells of a standby that the HSM cannot make, once, and makes it when it can', async () => {
  shim.control([`C_GenerateKeyPair return ${FULL}`]);
  const kid = await compromise('payments');
  expect(await isTold('key.standby_missing')).toMatchObject([
    {
      severity: 'warning',
      subject: 'scope:payments',
      evidence: { chore: 'standby payments', concerns: 'scope:payments' },
    },
  ]);
  shim.control([]);
  await hasStandby('payments');
  await isDestroyed('payments', kid);
  expect(await told('key.standby_missing')).toHaveLength(1);
  expect(await told('key.change_unfinished')).toEqual([]);
});

it('tells of a private half that the HSM does not destroy, once, and destroys it when it can', async () => {
  shim.control([`C_DestroyObject return ${PROHIBITED}`]);
  const kid = await compromise('payments');
  expect(await isTold('key.change_unfinished')).toMatchObject([
    {
      severity: 'warning',
      subject: `key:${kid}`,
      evidence: { chore: `destroy ${kid}`, concerns: `key:${kid}` },
    },
  ]);
  shim.control([]);
  await isDestroyed('payments', kid);
  await hasStandby('payments');
  expect(await told('key.change_unfinished')).toHaveLength(1);
  expect(await told('key.standby_missing')).toHaveLength(1);
});

it('tells of an event of the audit trail that somebody edits while it runs, and of nothing before', async () => {
  expect(await told('audit.chain_broken')).toEqual([]);
  query(
    join(service.hsm.folder, 'keyward.db'),
    `UPDATE audit_events SET actor = 'nobody' WHERE sequence = 2 RETURNING 1`,
  );
  expect(await isTold('audit.chain_broken')).toMatchObject([
    {
      severity: 'critical',
      subject: 'chain:audit',
      evidence: {
        chain: 'audit',
        place: 'event 2',
        why: 'its content and the event before it do not give its hash',
      },
    },
  ]);
});
