import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { type RunningService, startService } from '../support/running-service.ts';
import { createShim, type Shim } from '../support/shim.ts';

interface Key {
  readonly kid: string;
  readonly state: string;
  readonly hsm_id: string;
}

const EXTRACTABLE = 0x162;
const TAMPERED = 'it differs from what was signed: sign_until';
const WHY = 'CKA_EXTRACTABLE is true and must be false';

let service: RunningService;
let shim: Shim;
let sign: Record<'payments' | 'mail' | 'orders', string>;
let active: Record<'payments' | 'mail' | 'orders', Key>;

beforeAll(async () => {
  service = await startService();
  shim = await createShim({ realModule: service.hsm.settings.modulePath });
  sign = { payments: '', mail: '', orders: '' };
  active = {} as typeof active;
  for (const id of ['payments', 'mail', 'orders'] as const) {
    sign[id] = (await service.provision({ id })).sign;
    const { body } = await service.operations('GET', `/v1/admin/keys?scope=${id}`);
    active[id] = body.keys.find(({ state }: Key) => state === 'active');
  }
  await service.stop();
  throughTheShim();
  shim.control([`C_GetAttributeValue change ${EXTRACTABLE} 01 id ${active.payments.hsm_id}`]);
  widenWindowOf(active.mail.kid);
  service = await service.restart();
});

afterAll(async () => {
  await service.remove();
  shim.remove();
});

function throughTheShim(): void {
  const config = parse(readFileSync(service.configFile, 'utf8'));
  config.hsm.module = shim.modulePath;
  config.hsm.environment = { ...config.hsm.environment, ...shim.environment };
  writeFileSync(service.configFile, stringify(config));
}

/** As somebody would who can write to the database, to keep a key alive. */
function widenWindowOf(kid: string): void {
  const database = new DatabaseSync(join(service.hsm.folder, 'keyward.db'));
  database.prepare('update signing_keys set sign_until = sign_until + 1000000 where kid = ?').run(kid);
  database.close();
}

const keySet = async (id: string) => {
  const { body } = await service.data('GET', `/scopes/${id}/jwks.json`);
  return body.keys.map(({ kid }: Key) => kid);
};
const issue = (id: 'payments' | 'mail' | 'orders') =>
  service.data('POST', `/v1/scopes/${id}/tokens`, sign[id], { claims: { sub: 'alice' } });

it('I1, I7: keys that disagree or are not proven are refused with a critical line, and the others serve', async () => {
  expect((await issue('payments')).body).toMatchObject({ status: 503, code: 'no_active_key' });
  expect((await issue('mail')).body).toMatchObject({ status: 503, code: 'no_active_key' });
  expect((await issue('orders')).status).toBe(201);
  expect(await keySet('payments')).toEqual([expect.not.stringMatching(active.payments.kid)]);
  expect(await keySet('mail')).toEqual([expect.not.stringMatching(active.mail.kid)]);
  expect(await keySet('orders')).toContain(active.orders.kid);
  const critical = service.log.filter(({ level }) => level === 60);
  expect(critical).toMatchObject([
    { table: 'signing_keys', id: active.mail.hsm_id, why: TAMPERED },
    { event: 'registry.signature_invalid', subject: `signing_keys:${active.mail.hsm_id}` },
    { signer: { kid: active.payments.kid, unproven: [WHY] } },
  ]);
});

it('keys out of service are shown to operators with the reason, and counted', async () => {
  const { keys } = (await service.operations('GET', '/v1/admin/keys')).body;
  const proofs = new Map(keys.map(({ kid, proof }: Key & { proof: object }) => [kid, proof]));
  expect(proofs.get(active.payments.kid)).toEqual({ status: 'unproven', reasons: [WHY] });
  expect(proofs.get(active.orders.kid)).toEqual({ status: 'proven', reasons: [] });
  const { events } = (await service.operations('GET', '/v1/admin/events?severity=critical')).body;
  expect(events).toMatchObject([
    { type: 'registry.signature_invalid', subject: `signing_keys:${active.mail.hsm_id}` },
  ]);
  const { body } = await service.operations('GET', '/metrics');
  expect(body).toContain('keyward_key_unproven{scope="payments"} 1\n');
});
