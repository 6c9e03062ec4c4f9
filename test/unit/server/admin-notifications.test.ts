import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { securityEvent } from '../../../src/kernel/security-events.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { notifying, webhookSecret } from '../../support/notifying.ts';
import { operationsPlane } from '../../support/on-loopback.ts';
import { receiveWebhooks } from '../../support/webhook-receiver.ts';

const NOON = 1_760_000_000;

async function served() {
  const receiver = await receiveWebhooks();
  const { file: secret_file } = webhookSecret(folderOfTest());
  const hook = { type: 'webhook', url: receiver.url, secret_file, allow_private: true };
  const log = { type: 'file', file: join(folderOfTest(), 'events.jsonl') };
  const notified = await notifying({
    section: { targets: { hook, log }, attempts: 1, deadline_ms: 60_000 },
  });
  const http = await operationsPlane({ notifications: notified.desk });
  const as = (credential: string) => ({ Authorization: `Bearer ${credential}` });
  return {
    ...notified,
    receiver,
    get: (path: string, who = 'audits') => http.get(`/v1/admin/notifications${path}`).set(as(who)),
    post: (path: string, body?: object, who = 'operates') =>
      http.post(`/v1/admin/notifications${path}`).set(as(who)).send(body),
  };
}

describe('a test of notifications', () => {
  it('is sent by an operator to all targets or to one, and audited with who it reached', async () => {
    const { post, receiver, store } = await served();
    receiver.next(500);
    const { status, body } = await post('/test', {});
    expect([status, body]).toEqual([
      200,
      {
        tests: [
          { target: 'hook', type: 'webhook', ok: false, error: 'answered 500' },
          { target: 'log', type: 'file', ok: true, error: null },
        ],
      },
    ]);
    expect((await post('/test', { target: 'hook' })).body.tests).toEqual([
      { target: 'hook', type: 'webhook', ok: true, error: null },
    ]);
    const audited = await store.audit.newestOfType('notifications.tested', 9);
    expect(audited.map(({ detailsJson }) => JSON.parse(detailsJson))).toEqual([
      { reached: { hook: true } },
      { reached: { hook: false, log: true } },
    ]);
  });

  it('goes to targets of the configuration alone, one test at a time', async () => {
    const { post, receiver } = await served();
    const refusals = [
      await post('/test', { target: 'https://elsewhere.example' }),
      await post('/test', { url: 'https://elsewhere.example' }),
      await post('/test', {}, 'audits'),
    ];
    expect(refusals.map(({ status, body }) => [status, body.code])).toEqual([
      [422, 'unknown_target'],
      [422, 'unknown_member'],
      [403, 'role_missing'],
    ]);
    receiver.always('hang');
    const first = post('/test', { target: 'hook' }).then((answer) => answer);
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), { timeout: 20_000 });
    const { status, body, headers } = await post('/test', { target: 'log' });
    expect([status, body.code, headers['retry-after']]).toEqual([503, 'overloaded', '5']);
    receiver.letGo();
    expect((await first).body.tests).toEqual([
      { target: 'hook', type: 'webhook', ok: false, error: 'socket hang up' },
    ]);
  });
});

describe('deliveries', () => {
  async function withDead() {
    const all = await served();
    all.receiver.next(500);
    await all.store.securityEvents.raise(
      securityEvent('clock.jump', { jump: 'departed', wall: 1, expected: 5 }),
    );
    await all.look();
    const states = async () => (await all.deliveries()).map(({ state }) => state);
    await vi.waitFor(async () => expect(await states()).toEqual(['delivered', 'dead']), { timeout: 20_000 });
    return all;
  }

  it('are listed by state and target to any role, the newest first', async () => {
    const { get } = await withDead();
    const ids = async (query: string) =>
      (await get(`/deliveries${query}`)).body.deliveries.map(({ id }: { id: number }) => id);
    expect([await ids(''), await ids('?limit=1'), await ids('?after=2')]).toEqual([[2, 1], [2], [1]]);
    expect([await ids('?target=log'), await ids('?target=none')]).toEqual([[2], []]);
    expect((await get('/deliveries?state=dead')).body.deliveries).toEqual([
      {
        id: 1,
        message_id: expect.stringMatching(/^msg_[\w-]{24}$/),
        kind: 'event',
        event: 1,
        last_event: 1,
        events: 1,
        types: ['clock.jump'],
        severity: 'critical',
        route: 'default',
        target: 'hook',
        contacts_of: null,
        state: 'dead',
        attempts: 1,
        created_at: NOON,
        next_attempt_at: null,
        settled_at: NOON,
        last_error: 'answered 500',
      },
    ]);
    const { status, body } = await get('/deliveries?state=lost');
    expect([status, body.code]).toEqual([422, 'invalid_request']);
  });

  it('that were given up are sent again by an operator', async () => {
    const { post, look, deliveries } = await withDead();
    const refusals = [
      await post('/deliveries/1/replay', undefined, 'audits'),
      await post('/deliveries/7/replay'),
      await post('/deliveries/2/replay'),
      await post('/deliveries/x/replay'),
    ];
    expect(refusals.map(({ status, body }) => [status, body.code])).toEqual([
      [403, 'role_missing'],
      [404, 'unknown_delivery'],
      [409, 'delivery_not_dead'],
      [422, 'invalid_request'],
    ]);
    const { status, body } = await post('/deliveries/1/replay');
    expect([status, body.delivery.state, body.delivery.last_error]).toEqual([200, 'pending', 'answered 500']);
    await look();
    await vi.waitFor(
      async () => expect((await deliveries()).map(({ state }) => state)).toEqual(['delivered', 'delivered']),
      { timeout: 20_000 },
    );
  });
});
