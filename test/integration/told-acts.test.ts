import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { makeCredential } from '../../src/kernel/credential.ts';
import { folderOfTest } from '../support/folder-of-test.ts';
import { webhookSecret } from '../support/notifying.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { receiveWebhooks } from '../support/webhook-receiver.ts';

const DEADLINE_MS = 180_000;
const PATIENCE = { timeout: 60_000, interval: 200 };
vi.setConfig({ testTimeout: DEADLINE_MS, hookTimeout: DEADLINE_MS });

interface Told {
  readonly type: string;
  readonly severity: string;
  readonly subject: string;
  readonly evidence: Readonly<Record<string, unknown>>;
}

const everything = async ({ operations }: RunningService): Promise<readonly Told[]> =>
  (await operations('GET', '/v1/admin/events?limit=1000')).body.events;
const activeOf = async ({ operations }: RunningService, scope: string): Promise<string> => {
  const { keys } = (await operations('GET', `/v1/admin/keys?scope=${scope}`)).body;
  return keys.find(({ state }: { state: string }) => state === 'active').kid;
};

it('a compromise is sent at once to who is on call, and told once through a kill; a drill alarms nobody', async () => {
  const receiver = await receiveWebhooks();
  const secret_file = webhookSecret(folderOfTest()).file;
  const onCall = { type: 'webhook', url: receiver.url, secret_file, allow_private: true };
  const routes = [{ name: 'on-call', severities: ['critical'], targets: ['on-call'] }];
  let service = await startService({ config: { notifications: { targets: { 'on-call': onCall }, routes } } });
  try {
    await service.provision({ id: 'payments' });
    await service.provision({ id: 'drill', issuer: 'https://drill.invalid' });
    const sent = () => receiver.received.map(({ body }) => JSON.parse(body).data.event);
    const [drilled, kid] = [await activeOf(service, 'drill'), await activeOf(service, 'payments')];
    const compromise = (of: string) =>
      service.operations('POST', `/v1/admin/keys/${of}/compromise`, { reason: 'case 42' });
    expect((await compromise(drilled)).status).toBe(200);
    const { headers } = await compromise(kid);
    await expect.poll(sent, PATIENCE).toMatchObject([
      {
        type: 'key.compromised',
        severity: 'critical',
        subject: `key:${kid}`,
        runbook: expect.stringContaining('emergency.md#'),
        state: 'open',
      },
    ]);
    const compromises = async () =>
      (await everything(service)).filter(({ type }) => type === 'key.compromised');
    const told = await compromises();
    expect(told).toMatchObject([
      {
        severity: 'critical',
        subject: `key:${kid}`,
        evidence: {
          scope: 'payments',
          by: 'operator',
          why: 'case 42',
          rehearsal: false,
          request_id: headers.get('x-request-id'),
        },
      },
      { severity: 'info', subject: `key:${drilled}`, evidence: { scope: 'drill', rehearsal: true } },
    ]);

    const next = await activeOf(service, 'payments');
    expect((await compromise(next)).status).toBe(200);
    await service.kill();
    service = await service.restart();
    await expect
      .poll(async () => (await compromises()).map(({ subject }) => subject), PATIENCE)
      .toEqual([`key:${next}`, `key:${kid}`, `key:${drilled}`]);
    await expect.poll(sent, PATIENCE).toHaveLength(2);
  } finally {
    await service.remove();
  }
});

let service: RunningService;
beforeAll(async () => {
  service = await startService({ twoPersons: true });
  await service.provision({ id: 'payments' });
});
afterAll(() => service.remove());

it('each act is told with who asked, who approved, and at which severity', async () => {
  const digest = () => makeCredential('ops').digest.toString('base64url');
  const kid = await activeOf(service, 'payments');
  const hour = Math.floor(Date.now() / 1_000) + 3_600;
  const acts: readonly (readonly [string, string, object?])[] = [
    ['POST', '/operators', { id: 'carol', roles: ['auditor'], credential_digest: digest() }],
    ['POST', '/operators/carol/roles', { roles: ['auditor', 'approver'] }],
    ['POST', '/operators/carol/credential', { credential_digest: digest() }],
    ['POST', '/operators/carol/revoke'],
    ['DELETE', '/grants', { client: 'payments-sign', scope: 'payments', action: 'sign' }],
    ['POST', '/clients/payments-sign/revoke'],
    ['PATCH', '/scopes/payments', { policy: { max_ttl_seconds: 60 } }],
    ['POST', '/scopes/payments/rotation-pause', { until: hour, reason: 'the HSM moves' }],
    ['POST', `/keys/${kid}/suspend`, { reason: 'case 43' }],
    ['POST', `/keys/${kid}/resume`, { reason: 'nothing found' }],
  ];
  for (const [method, path, body] of acts) await service.act(method, `/v1/admin${path}`, body);
  const summary = async () =>
    (await everything(service))
      .filter(({ type }) => type !== 'proposal.waiting')
      .map(({ type, severity, evidence: { act, by, approved_by } }) => [type, severity, act, by, approved_by])
      .reverse();
  const provisioned = [
    ['client.changed', 'info', 'client.create', 'alice', 'bob'],
    ['client.changed', 'info', 'grant.add', 'alice', 'bob'],
  ];
  await expect
    .poll(summary, PATIENCE)
    .toEqual([
      ['scope.changed', 'info', 'scope.create', 'alice', 'bob'],
      ...provisioned,
      ...provisioned,
      ['operator.changed', 'warning', 'operator.create', 'alice', 'bob'],
      ['operator.changed', 'warning', 'operator.roles', 'alice', 'bob'],
      ['operator.changed', 'warning', 'operator.credential', 'alice', 'bob'],
      ['operator.changed', 'warning', 'operator.revoke', 'alice', null],
      ['client.changed', 'info', 'grant.remove', 'alice', null],
      ['client.changed', 'info', 'client.revoke', 'alice', null],
      ['scope.changed', 'info', 'scope.policy', 'alice', null],
      ['rotation.paused', 'warning', undefined, 'alice', 'bob'],
      ['key.suspended', 'warning', undefined, 'alice', null],
      ['key.resumed', 'warning', undefined, 'alice', 'bob'],
    ]);
  const waiting = (await everything(service)).filter(({ type }) => type === 'proposal.waiting');
  expect(waiting.map(({ evidence: { act } }) => act).reverse()).toEqual([
    'scope.create',
    'client.create',
    'grant.add',
    'client.create',
    'grant.add',
    'operator.create',
    'operator.roles',
    'operator.credential',
    'rotation.pause',
    'key.resume',
  ]);
  expect(waiting[0]).toMatchObject({
    severity: 'warning',
    evidence: { concerns: `key:${kid}`, scope: 'payments', role: 'approver', by: 'alice', approved_by: null },
  });
});
