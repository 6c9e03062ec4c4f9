import { createHmac } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { securityEvent } from '../../../src/kernel/security-events.ts';
import { hook, jump, overdue, PATIENCE, settled } from '../../support/hooked-target.ts';
import { ADA, notifyFrom, notifying } from '../../support/notifying.ts';

describe('a security event', () => {
  it('reaches a webhook once, signed as Standard Webhooks has it, without its evidence', async () => {
    const { receiver, key, target } = await hook();
    const { store, look, deliveries } = await notifying({ section: { targets: { 'on-call': target } } });
    await store.securityEvents.raise(jump(1));
    await look();
    await settled(deliveries, [['delivered', 1]]);
    await look();
    const [got, ...more] = receiver.received;
    expect(more).toEqual([]);
    const {
      'webhook-id': id,
      'webhook-timestamp': time,
      'webhook-signature': signature,
    } = got?.headers ?? {};
    const expected = createHmac('sha256', key).update(`${id}.${time}.${got?.body}`).digest('base64');
    expect(signature).toBe(`v1,${expected}`);
    expect(JSON.parse(got?.body ?? '')).toEqual({
      id,
      type: 'security_event.raised',
      timestamp: '2025-10-09T08:53:20.000Z',
      title: '[Keyward] critical: clock.jump (clock)',
      data: {
        event: {
          sequence: 1,
          type: 'clock.jump',
          severity: 'critical',
          subject: 'clock',
          meaning: 'The clock cannot be trusted: no tokens until it is right, or two operators confirm it.',
          runbook: 'docs/runbooks/restored-database.md#no-tokens-clock_jump',
          raised_at: 1_760_000_000,
          state: 'open',
        },
      },
    });
  });

  it('is sent with its evidence where that is asked for, and never with what tokens say of persons', async () => {
    const { receiver, target } = await hook({ evidence: true });
    const { store, look, deliveries } = await notifying({ section: { targets: { siem: target } } });
    await store.securityEvents.raise(
      securityEvent('token.never_issued', {
        scope: 'payments',
        kid: 'k1',
        digest: 'd1',
        header: { typ: 'JWT' },
        claims: { sub: 'alice' },
        record: { subject: 'alice' },
      }),
    );
    await look();
    await settled(deliveries, [['delivered', 1]]);
    const { body } = receiver.received[0] ?? { body: '' };
    expect(JSON.parse(body).data.event.evidence).toEqual({ scope: 'payments', kid: 'k1', digest: 'd1' });
    expect(body).not.toContain('alice');
  });

  it('goes by the routes whose severities fit, and by no other, critical ones first', async () => {
    const [all, bad] = [await hook(), await hook()];
    const { store, look, deliveries } = await notifying({
      section: {
        targets: { all: all.target, bad: bad.target },
        routes: [
          {
            name: 'everything',
            min_severity: 'info',
            targets: ['all'],
            acknowledge_within_seconds: null,
          },
          { name: 'alarms', severities: ['critical'], targets: ['bad', 'all'] },
        ],
      },
    });
    await store.securityEvents.raise(overdue);
    await store.securityEvents.raise(jump(1));
    await look();
    await settled(deliveries, [
      ['delivered', 1],
      ['delivered', 1],
      ['delivered', 1],
    ]);
    const types = ({ receiver }: typeof all) =>
      receiver.received.map(({ body }) => JSON.parse(body).data.event.type);
    expect([types(all), types(bad)]).toEqual([['clock.jump', 'drill.overdue'], ['clock.jump']]);
  });

  it('is told by nobody’s being told, where no target is configured, in the log once', async () => {
    const { store, look, lines, deliveries } = await notifying({ section: {} });
    await store.securityEvents.raise(jump(1));
    await look();
    await look();
    expect(await deliveries()).toEqual([]);
    const said = lines.filter(({ msg }) => String(msg).startsWith('no notification target is configured'));
    expect(said).toHaveLength(1);
  });
});

describe('a target that fails', () => {
  it('is tried again later and later, under one id, and its neighbour is not held up', async () => {
    const [bad, good] = [await hook(), await hook()];
    bad.receiver.next(500, { redirectTo: good.receiver.url }, 204);
    const { store, look, deliveries, time } = await notifying({
      section: { targets: { bad: bad.target, good: good.target } },
    });
    await store.securityEvents.raise(jump(1));
    await look();
    await settled(deliveries, [
      ['delivered', 1],
      ['pending', 1],
    ]);
    expect((await deliveries())[1]).toMatchObject({
      nextAttemptAt: 1_760_000_005,
      lastError: 'answered 500',
    });
    time.pass(4);
    await look();
    await look();
    expect(bad.receiver.received).toHaveLength(1);
    time.pass(1);
    await look();
    await settled(deliveries, [
      ['delivered', 1],
      ['pending', 2],
    ]);
    expect((await deliveries())[1]?.lastError).toBe('answered 307: redirects are not followed');
    time.pass(20);
    await look();
    await settled(deliveries, [
      ['delivered', 1],
      ['delivered', 3],
    ]);
    expect(new Set(bad.receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(good.receiver.received).toHaveLength(1);
  });

  it.each([
    ['3600', 3_600],
    ['1', 5],
    ['999999999', 21_600],
    ['Thu, 01 Jan 2099 00:00:00 GMT', 5],
  ])('is tried no sooner than it asks for, within bounds: Retry-After: %s', async (retryAfter, seconds) => {
    const { receiver, target } = await hook();
    receiver.next({ retryAfter });
    const { store, look, deliveries } = await notifying({ section: { targets: { busy: target } } });
    await store.securityEvents.raise(jump(1));
    await look();
    await settled(deliveries, [['pending', 1]]);
    expect((await deliveries())[0]).toMatchObject({
      nextAttemptAt: 1_760_000_000 + seconds,
      lastError: 'answered 429',
    });
  });

  it('has its messages kept as dead ones, and gets them when an operator replays them', async () => {
    const { receiver, target } = await hook();
    receiver.always(500);
    const {
      store,
      look,
      deliveries,
      desk: service,
      time,
    } = await notifying({
      section: { targets: { 'on-call': target }, attempts: 2 },
    });
    await store.securityEvents.raise(overdue);
    await look();
    await settled(deliveries, [['pending', 1]]);
    time.pass(5);
    await look();
    await settled(deliveries, [['dead', 2]]);
    receiver.always(204);
    await expect(service.replay(99, ADA)).rejects.toMatchObject({ code: 'unknown_delivery' });
    const revived = await service.replay(1, ADA);
    expect(revived).toMatchObject({ state: 'pending', attempts: 0 });
    await look();
    await settled(deliveries, [['delivered', 1]]);
    await expect(service.replay(1, ADA)).rejects.toMatchObject({ code: 'delivery_not_dead' });
    const [audited] = await store.audit.newestOfType('notification.replayed', 1);
    expect(audited).toMatchObject({ actor: 'ada', subject: 'notification_target:on-call' });
  });

  it('is cut off where it hangs, and the others get theirs meanwhile', async () => {
    const [bad, good] = [await hook(), await hook()];
    bad.receiver.always('hang');
    const { store, look, deliveries } = await notifying({
      section: { targets: { bad: bad.target, good: good.target }, deadline_ms: 200 },
    });
    await store.securityEvents.raise(jump(1));
    await look();
    await settled(deliveries, [
      ['delivered', 1],
      ['pending', 1],
    ]);
    expect((await deliveries())[1]?.lastError).toBe('no answer within 200 ms');
  });

  it('is told of after a minute, to the others alone', async () => {
    const [bad, good] = [await hook(), await hook()];
    bad.receiver.always(503);
    const { store, look, deliveries, time } = await notifying({
      section: { targets: { bad: bad.target, good: good.target } },
    });
    await store.securityEvents.raise(jump(1));
    await look();
    await settled(deliveries, [
      ['delivered', 1],
      ['pending', 1],
    ]);
    time.pass(60);
    await look();
    await vi.waitFor(async () => {
      await look();
      const types = good.receiver.received.map(({ body }) => JSON.parse(body).data.event.type);
      expect(types).toEqual(['clock.jump', 'notification.failing']);
    }, PATIENCE);
    const told = (await deliveries()).filter(({ eventSequence }) => eventSequence === 2);
    expect(told.map(({ target }) => target)).toEqual(['good']);
    expect(await store.securityEvents.find(2)).toMatchObject({
      severity: 'warning',
      subject: 'notification_target:bad',
      evidence: { notification_target: 'bad', since: 1_760_000_000, why: 'answered 503' },
    });
  });
});

describe('a target that is down', () => {
  it('is left alone for a while however much is due, and its failing is told to nobody where there is no other', async () => {
    const { receiver, target } = await hook();
    receiver.always(503);
    const { store, look, deliveries, time } = await notifying({ section: { targets: { only: target } } });
    for (let wall = 1; wall <= 20; wall += 1) await store.securityEvents.raise(jump(wall));
    const tried = async () => (await deliveries()).reduce((sum, { attempts }) => sum + attempts, 0);
    const attempts = async (wanted: number) => {
      await look();
      await vi.waitFor(async () => expect(await tried()).toBe(wanted), PATIENCE);
      await look();
      expect(await tried()).toBe(wanted);
    };
    await attempts(1);
    time.pass(4);
    await attempts(1);
    time.pass(1);
    await attempts(2);
    time.pass(60);
    await attempts(3);
    expect(await store.securityEvents.list({ type: 'notification.failing' }, { limit: 9 })).toHaveLength(1);
    expect(await deliveries()).toHaveLength(20);
    receiver.always(204);
    time.pass(60);
    await vi.waitFor(async () => {
      await look();
      expect(new Set((await deliveries()).map(({ state }) => state))).toEqual(new Set(['delivered']));
      time.pass(60);
    }, PATIENCE);
  });

  it('is tried at once after a test that it took', async () => {
    const { receiver, target } = await hook();
    receiver.next(503);
    const {
      store,
      look,
      deliveries,
      desk: service,
    } = await notifying({ section: { targets: { only: target } } });
    await store.securityEvents.raise(overdue);
    await look();
    await settled(deliveries, [['pending', 1]]);
    await store.securityEvents.raise(jump(1));
    await look();
    await look();
    await settled(deliveries, [
      ['pending', 0],
      ['pending', 1],
    ]);
    await service.test('only', ADA);
    await look();
    await settled(deliveries, [
      ['delivered', 1],
      ['pending', 1],
    ]);
  });
});

describe('the end of the process', () => {
  it('cuts off what hangs, which counts as no attempt', async () => {
    const { receiver, target } = await hook();
    receiver.always('hang');
    const { store, look, deliveries, notifications, lines } = await notifying({
      section: { targets: { only: target }, deadline_ms: 60_000 },
    });
    await store.securityEvents.raise(jump(1));
    await look();
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), PATIENCE);
    await notifications.stop();
    await settled(deliveries, [['pending', 0]]);
    expect(lines.filter(({ target: of }) => of === 'only')).toEqual([]);
  });
});

describe('an address on the machine itself or its network', () => {
  it('is refused unless the target may be there', async () => {
    const [here, allowed] = [await hook({ allow_private: false }), await hook()];
    const url = here.receiver.url.replace('http:', 'https:');
    const named = url.replace('127.0.0.1', 'localhost');
    const { desk: service } = await notifying({
      section: {
        targets: {
          literal: { ...here.target, url },
          named: { ...here.target, url: named },
          allowed: allowed.target,
        },
      },
    });
    const refusal = (host: string) =>
      `${host} is at a loopback, private or reserved address; allow_private lets a target be there`;
    expect(await service.test(undefined, ADA)).toEqual([
      { target: 'literal', type: 'webhook', ok: false, error: refusal('127.0.0.1') },
      { target: 'named', type: 'webhook', ok: false, error: refusal('localhost') },
      { target: 'allowed', type: 'webhook', ok: true, error: null },
    ]);
    expect([here.receiver.received.length, allowed.receiver.received.length]).toEqual([0, 1]);
  });
});

describe('a restart', () => {
  it('goes on with what was pending and with what was raised just before', async () => {
    const { receiver, target } = await hook();
    receiver.always(500);
    const section = { targets: { 'on-call': target } };
    const former = await notifying({ section });
    const { store, time } = former;
    await store.securityEvents.raise(jump(1));
    await former.look();
    await settled(former.deliveries, [['pending', 1]]);
    await store.securityEvents.raise(jump(2));
    await former.notifications.stop();
    receiver.always(204);
    time.pass(5);
    const later = await notifyFrom(store, { section, time });
    await later.look();
    await settled(later.deliveries, [
      ['delivered', 1],
      ['delivered', 2],
    ]);
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids).toEqual([ids[0], ids[0], ids[2]]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('without a target gives up what waits for it, and does not replay it', async () => {
    const { receiver, target } = await hook();
    receiver.always(500);
    const former = await notifying({ section: { targets: { gone: target } } });
    const { store, time } = former;
    await store.securityEvents.raise(jump(1));
    await former.look();
    await settled(former.deliveries, [['pending', 1]]);
    await former.notifications.stop();
    const { deliveries, desk: service } = await notifyFrom(store, { section: {}, time });
    expect(await deliveries()).toMatchObject([
      { state: 'dead', lastError: 'the configuration no longer names the target' },
    ]);
    await expect(service.replay(1, ADA)).rejects.toMatchObject({ code: 'unknown_target' });
  });
});

describe('a flood', () => {
  it('is told one by one up to a limit, and summed up above it', async () => {
    const { receiver, target } = await hook({ messages_per_window: 3 });
    const { store, look, deliveries, time } = await notifying({
      section: { targets: { 'on-call': target } },
    });
    for (let wall = 1; wall <= 120; wall += 1) await store.securityEvents.raise(jump(wall));
    await look();
    await settled(deliveries, [
      ['pending', 0],
      ['delivered', 1],
      ['delivered', 1],
      ['delivered', 1],
      ['delivered', 1],
    ]);
    time.pass(60);
    await look();
    await vi.waitFor(() => expect(receiver.received).toHaveLength(5), PATIENCE);
    const summaries = receiver.received.slice(3).map(({ body }) => JSON.parse(body));
    const common = { severity: 'critical', types: ['clock.jump'] };
    expect(summaries).toMatchObject([
      {
        type: 'security_event.summary',
        title: '[Keyward] 97 more critical security events: clock.jump',
        data: { events: 97, first_sequence: 4, last_sequence: 100, ...common },
      },
      { data: { events: 20, first_sequence: 101, last_sequence: 120, ...common } },
    ]);
  });
});

describe('a database that takes no writes', () => {
  it('has nothing sent twice meanwhile', async () => {
    const { receiver, target } = await hook();
    let refused = 0;
    const disk = { isFull: true };
    const { store, look, deliveries } = await notifying({
      section: { targets: { only: target } },
      isFull: () => {
        const isFull = disk.isFull && receiver.received.length > 0;
        if (isFull) refused += 1;
        return isFull;
      },
    });
    await store.securityEvents.raise(jump(1));
    for (let round = 1; round <= 3; round += 1) {
      await look();
      await vi.waitFor(() => expect(refused).toBeGreaterThanOrEqual(round), PATIENCE);
    }
    expect(await deliveries()).toMatchObject([{ state: 'pending', attempts: 0 }]);
    disk.isFull = false;
    await vi.waitFor(async () => {
      await look();
      expect(await deliveries()).toMatchObject([{ state: 'delivered', attempts: 1 }]);
    }, PATIENCE);
    expect(receiver.received).toHaveLength(1);
  });
});
