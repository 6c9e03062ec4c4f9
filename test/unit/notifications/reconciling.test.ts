import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { jump } from '../../support/hooked-target.ts';
import { notifyFrom, notifying } from '../../support/notifying.ts';
import { query } from '../../support/store-database.ts';

const DAY = 86_400;

/** An event is told to a file; `again` is the next process on the same store. */
async function told({ names = ['first'] } = {}) {
  const file = join(folderOfTest(), 'told.jsonl');
  const section = {
    targets: { log: { type: 'file', file } },
    routes: names.map((name) => ({ name, targets: ['log'], acknowledge_within_seconds: 600 })),
  };
  const service = await notifying({ section });
  const { store, time, database, notifications, raiser } = service;
  await notifications.start(raiser);
  await notifications.stop();
  const again = async () => {
    const next = await notifyFrom(store, { section, time });
    await next.notifications.start(next.raiser);
    return next;
  };
  const running = await again();
  await store.securityEvents.raise(jump(1));
  await running.look();
  await delivered(running, 1);
  const events = async () =>
    (await store.securityEvents.list({ type: 'notification.outbox_changed' }, { limit: 9 })).map(
      ({ evidence }) => evidence?.details,
    );
  const messages = () =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; data: { event?: { sequence: number } } });
  return { ...service, running, again, events, messages, database, time, store };
}

type Running = Awaited<ReturnType<typeof notifyFrom>>;

async function delivered({ look, deliveries }: Pick<Running, 'look' | 'deliveries'>, count: number) {
  await expect
    .poll(
      async () => {
        await look();
        return (await deliveries()).filter(({ state }) => state === 'delivered').length;
      },
      { timeout: 60_000 },
    )
    .toBeGreaterThanOrEqual(count);
}

describe('the outbox', () => {
  it('is left alone where nobody changed it', async () => {
    const { running, again, events, time } = await told();
    time.pass(60);
    await running.look();
    await running.notifications.stop();
    await (await again()).look();
    expect(await events()).toEqual([]);
  });

  it('sets a place behind the last event right at the start, and tells what was raised since', async () => {
    const { running, again, events, messages, database, store } = await told();
    await running.notifications.stop();
    query(database, 'UPDATE notification_place SET place = 999999999 RETURNING 1');
    await store.securityEvents.raise(jump(2));
    const next = await again();
    await delivered(next, 3);
    expect(await events()).toEqual([
      [
        expect.stringMatching(/^the place in the events was 999999999, behind the last: \d+$/),
        '1 events had no message to anybody',
        '1 critical events were waited for by nobody, for too long, or at a route that comes later',
      ],
    ]);
    expect(messages().map(({ data }) => data.event?.sequence)).toEqual(expect.arrayContaining([1, 2, 3]));
  });

  it('sets a place that was moved while it runs right within a minute', async () => {
    const { running, events, database, time } = await told();
    const [before] = query(database, 'SELECT place FROM notification_place');
    query(database, 'UPDATE notification_place SET place = 999999999 RETURNING 1');
    time.pass(60);
    await running.look();
    expect(await events()).toEqual([[`the place in the events was 999999999, not ${before?.place}`]]);
  });

  it('tells an event again whose message was deleted', async () => {
    const { running, again, events, messages, database } = await told();
    await running.notifications.stop();
    query(database, 'DELETE FROM notification_deliveries RETURNING 1');
    await delivered(await again(), 1);
    expect(await events()).toEqual([['1 events had no message to anybody']]);
    expect(messages().filter(({ data }) => data.event?.sequence === 1)).toHaveLength(2);
  });

  it('tells an event for which somebody wrote a delivered message before it was raised', async () => {
    const { running, messages, database, store } = await told();
    query(
      database,
      `INSERT INTO notification_deliveries (id, message_id, kind, event_sequence, last_sequence, events, types_json,
         severity, route, target, contacts_of, state, attempts, created_at, settled_at)
       SELECT id + 1, 'msg_x', kind, 2, 2, events, types_json, severity, route, target, contacts_of, state, attempts,
         created_at, settled_at
       FROM notification_deliveries WHERE id = 1 RETURNING 1`,
    );
    await store.securityEvents.raise(jump(2));
    await delivered(running, 2);
    expect(messages().map(({ data }) => data.event?.sequence)).toEqual([1, 2]);
  });

  it('waits again for an acknowledgement that was deleted or put off', async () => {
    const { running, events, database, time } = await told();
    query(database, 'DELETE FROM notification_awaited RETURNING 1');
    time.pass(60);
    await running.look();
    query(database, 'UPDATE notification_awaited SET due_at = 9000000000000 RETURNING 1');
    time.pass(60);
    await running.look();
    const one = ['1 critical events were waited for by nobody, for too long, or at a route that comes later'];
    expect(await events()).toEqual([one, one]);
  });

  it('waits at the route that was reached, not at a later one', async () => {
    const { running, events, database, time } = await told({ names: ['first', 'second', 'third'] });
    const route = () => query(database, 'SELECT route FROM notification_awaited')[0]?.route;
    time.pass(600);
    await delivered(running, 2);
    expect([route(), await events()]).toEqual(['second', []]);
    query(database, "UPDATE notification_awaited SET route = 'third' RETURNING 1");
    time.pass(60);
    await running.look();
    expect(route()).toBe('second');
    expect(await events()).toEqual([
      ['1 critical events were waited for by nobody, for too long, or at a route that comes later'],
    ]);
  });

  it('drops the acknowledgement of an event that there is not', async () => {
    const { running, events, database, time } = await told();
    query(database, "INSERT INTO notification_awaited VALUES (77, 'first', 1700000000) RETURNING 1");
    time.pass(60);
    await running.look();
    expect(await events()).toEqual([['1 acknowledgements were waited for of events that there are not']]);
    expect(query(database, 'SELECT 1 FROM notification_awaited WHERE event_sequence = 77')).toEqual([]);
  });
});

describe('a heartbeat', () => {
  it('reaches every target at each multiple of the interval, and not before', async () => {
    const { running, messages, time } = await told();
    await running.notifications.heartbeat();
    time.pass(DAY);
    await running.notifications.heartbeat();
    await running.notifications.heartbeat();
    time.pass(DAY);
    await running.notifications.heartbeat();
    expect(messages().filter(({ type }) => type === 'heartbeat')).toMatchObject([
      { title: '[Keyward] heartbeat: notifications reach you', data: { next_at: expect.any(Number) } },
      { type: 'heartbeat' },
    ]);
  });

  it('is none where the configuration says so', async () => {
    const file = join(folderOfTest(), 'told.jsonl');
    const { notifications, time } = await notifying({
      section: { targets: { log: { type: 'file', file } }, heartbeat_seconds: null },
    });
    time.pass(DAY);
    await notifications.heartbeat();
    expect(() => readFileSync(file)).toThrow('ENOENT');
  });
});
