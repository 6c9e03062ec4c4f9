import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { expect, it, onTestFinished, vi } from 'vitest';
import { folderOfTest } from '../support/folder-of-test.ts';
import { webhookSecret } from '../support/notifying.ts';
import { type RunningService, type ServiceOptions, startService } from '../support/running-service.ts';
import { canMount, smallDisk, takeAllSpace } from '../support/small-disk.ts';
import { query } from '../support/store-database.ts';
import { receiveWebhooks } from '../support/webhook-receiver.ts';

const PATIENCE = { timeout: 60_000, interval: 200 };
const TRIGGER = 'CREATE TRIGGER quiet BEFORE INSERT ON revocations BEGIN SELECT RAISE(IGNORE); END';

/** A service with a receiver of all its events; what was received is checked as its receiver would. */
async function told(config: ServiceOptions['config'] = {}) {
  const receiver = await receiveWebhooks();
  const { file: secret_file } = webhookSecret(folderOfTest());
  const target = { type: 'webhook', url: receiver.url, secret_file, allow_private: true, evidence: true };
  const routes = [{ name: 'all', min_severity: 'info', targets: ['on-call'] }];
  const service = await startService({
    config: { ...config, notifications: { targets: { 'on-call': target }, routes } },
  });
  onTestFinished(() => service.remove());
  const webhook = new Webhook(readFileSync(secret_file, 'utf8').trim());
  const messages = (event: string) =>
    receiver.received
      .map(({ body, headers }) => webhook.verify(body, headers as Record<string, string>) as Message)
      .filter(({ data }) => data.event?.type === event);
  const types = (event: string) => messages(event).map(({ type }) => type);
  return { service, messages, types };
}

interface Message {
  readonly type: string;
  readonly title: string;
  readonly data: { readonly event?: Record<string, unknown>; readonly retried?: boolean };
}

const database = ({ hsm }: RunningService) => join(hsm.folder, 'keyward.db');
const UNSTORED = 'security_event.unstored';
const RAISED = 'security_event.raised';

it('a store that works goes no way around: what it has is told once, with its number', async () => {
  const { service, messages } = await told();
  query(database(service), `UPDATE audit_events SET actor = 'nobody' WHERE sequence = 2 RETURNING 1`);
  await vi.waitFor(() => expect(messages('audit.chain_broken')).not.toEqual([]), PATIENCE);
  expect(messages('audit.chain_broken')).toMatchObject([
    { type: RAISED, data: { event: { sequence: expect.any(Number), state: 'open' } } },
  ]);
});

it('a schema that was changed is told past the store, and once more with its number when it is as it was; a warning is not', async () => {
  const { service, messages, types } = await told();
  query(database(service), TRIGGER);
  await vi.waitFor(() => expect(types('database.schema_changed')).toEqual([UNSTORED]), PATIENCE);
  const [message] = messages('database.schema_changed');
  expect(message).toMatchObject({
    title: expect.stringContaining('[Keyward] not recorded when raised, critical: database.schema_changed'),
    data: {
      retried: true,
      event: { severity: 'critical', evidence: { why: expect.stringContaining('quiet') } },
    },
  });
  expect(message?.data.event).not.toHaveProperty('sequence');
  appendFileSync(service.configFile, 'unknown: 1\n');
  service.process.kill('SIGHUP');
  await service.logged(
    ({ event, msg }) => event === 'service.reload_refused' && String(msg).includes('not stored yet'),
  );
  // Longer than a critical event waits for the store.
  await pause(15_000);
  query(database(service), 'DROP TRIGGER quiet');
  await vi.waitFor(() => expect(types('database.schema_changed')).toEqual([UNSTORED, RAISED]), PATIENCE);
  expect(messages('database.schema_changed')[1]?.data.event).toMatchObject({
    sequence: expect.any(Number),
    state: 'open',
  });
  await vi.waitFor(() => expect(types('service.reload_refused')).toEqual([RAISED]), PATIENCE);
});

it('a database whose files are gone is told past the store, and the service ends in time', async () => {
  const { service, messages } = await told();
  rmSync(`${database(service)}-wal`);
  await vi.waitFor(() => expect(messages('database.failing')).not.toEqual([]), PATIENCE);
  expect(messages('database.failing')[0]).toMatchObject({
    type: UNSTORED,
    data: { retried: false, event: { subject: 'database', evidence: { why: 'moved' } } },
  });
  const since = performance.now();
  await service.stop();
  expect(performance.now() - since).toBeLessThan(60_000);
});

it.skipIf(!canMount())(
  'a disk that is full is told past the store, and what waits for room is recorded later',
  async () => {
    const disk = smallDisk('128m');
    mkdirSync(join(disk, 'data'));
    const { messages, types } = await told({ database: { file: join(disk, 'data', 'keyward.db') } });
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, '');
    takeAllSpace(ballast);
    const retried = () => messages('ledger.disk').filter(({ data }) => data.retried);
    await vi.waitFor(() => expect(retried()).toHaveLength(1), PATIENCE);
    expect(messages('ledger.disk').filter(({ type }) => type === UNSTORED)).toContainEqual(
      expect.objectContaining({ data: expect.objectContaining({ retried: false }) }),
    );
    expect(types('ledger.disk')).not.toContain(RAISED);
    rmSync(ballast);
    await vi.waitFor(() => expect(types('ledger.disk')).toContain(RAISED), PATIENCE);
  },
  180_000,
);
