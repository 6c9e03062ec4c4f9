import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { keyward } from '../support/command-line.ts';
import { folderOfTest } from '../support/folder-of-test.ts';
import { webhookSecret } from '../support/notifying.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { receiveWebhooks } from '../support/webhook-receiver.ts';

const PATIENCE = { timeout: 60_000, interval: 200 };

async function audited(service: RunningService, type: string) {
  const { body } = await service.operations('GET', '/v1/admin/audit?limit=1000');
  return body.events.filter((event: { type: string }) => event.type === type);
}

it('tells a running service’s events, goes on after a kill, and never changes routes silently', async () => {
  const receiver = await receiveWebhooks();
  const folder = folderOfTest();
  const target = {
    type: 'webhook',
    url: receiver.url,
    secret_file: webhookSecret(folder).file,
    allow_private: true,
  };
  const log = { type: 'file', file: join(folder, 'events.jsonl') };
  const first = await startService({ config: { notifications: { targets: { 'on-call': target, log } } } });
  let service = first;
  onTestFinished(() => service.remove());
  const payments = await service.provision({ id: 'payments' });
  const mail = await service.provision({ id: 'mail' });

  const call = (...argv: string[]) => {
    const credential = join(service.hsm.folder, 'operator');
    return keyward([...argv, '--url', service.operationsUrl, '--credential-file', credential]);
  };
  const tested = await call('notify', 'test', '--json');
  expect([tested.exitCode, JSON.parse(tested.out)]).toEqual([
    0,
    {
      tests: [
        { target: 'on-call', type: 'webhook', ok: true, error: null },
        { target: 'log', type: 'file', ok: true, error: null },
      ],
    },
  ]);
  expect(await audited(service, 'notifications.configured')).toHaveLength(1);

  receiver.always('hang');
  const issued = await service.data('POST', '/v1/scopes/payments/tokens', payments.sign, {
    claims: { sub: 'alice' },
  });
  expect(issued.status).toBe(201);
  const shown = await service.data('POST', '/v1/scopes/mail/verify', mail.verify, {
    token: issued.body.token,
  });
  expect(shown.body).toMatchObject({ valid: false });
  const misplaced = async (query = '') => {
    const { body } = await service.operations('GET', `/v1/admin/notifications/deliveries?limit=100${query}`);
    return body.deliveries.filter(({ types }: { types: string[] }) => types.includes('token.cross_scope'));
  };
  await expect
    .poll(() => misplaced('&target=log'), PATIENCE)
    .toMatchObject([{ state: 'delivered', kind: 'event' }]);
  service.process.kill('SIGKILL');

  receiver.always(204);
  const config = parse(readFileSync(service.configFile, 'utf8'));
  config.notifications.attempts = 5;
  writeFileSync(service.configFile, stringify(config), { mode: 0o600 });
  service = await service.restart();
  await expect
    .poll(() => misplaced(), PATIENCE)
    .toMatchObject([{ state: 'delivered' }, { state: 'delivered' }]);
  expect(await audited(service, 'notifications.configured')).toHaveLength(2);
  const lines = readFileSync(log.file, 'utf8').trim().split('\n');
  const written = lines.map((line) => JSON.parse(line));
  expect(written.filter(({ type }) => type === 'notification.test')).toHaveLength(1);
  const raised = written.filter(({ data }) => data.event?.type === 'token.cross_scope');
  expect(raised).toMatchObject([{ type: 'security_event.raised' }]);
  await vi.waitFor(async () => {
    const metrics = String((await service.operations('GET', '/metrics')).body);
    expect(metrics).toMatch(/keyward_notifications_total{target="on-call",outcome="delivered"} [1-9]/);
    expect(metrics).toContain('keyward_notifications_pending{target="on-call"} 0');
  }, PATIENCE);
}, 180_000);
