import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  createSecurityEvents,
  type StoredSecurityEvents,
} from '../../../src/events/store/security-events.ts';
import { securityEvent } from '../../../src/kernel/security-events.ts';
import { EventStreams } from '../../../src/server/event-streams.ts';
import { readEvents } from '../../support/event-reader.ts';
import { onLoopback } from '../../support/on-loopback.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { createOperationsPlane, LIMITS, operationsPlaneDeps } from '../../support/planes.ts';

const NOON = 1_760_000_000;
const clock = { nowSeconds: () => NOON };
const BOB = { operatorId: 'bob', requestId: null };
const jump = (wall: number) => securityEvent('clock.jump', { jump: 'departed', wall, expected: 5 });
const overdue = securityEvent('drill.overdue', {
  drill: 'rotation',
  since: 1,
  last_passed_at: null,
  overdue_at: 2,
});
const open = (sequence: number, wall = sequence) => ({
  sequence,
  raised_at: NOON,
  type: 'clock.jump',
  severity: 'critical',
  subject: 'clock',
  evidence: { jump: 'departed', wall, expected: 5 },
  state: 'open',
  acknowledged: null,
  resolved: null,
});

async function served(heartbeatMs?: number, given?: StoredSecurityEvents) {
  const securityEvents = given ?? (await openTestStore()).store.securityEvents;
  const eventStreams = new EventStreams(LIMITS, heartbeatMs);
  onTestFinished(() => eventStreams.end());
  const deps = operationsPlaneDeps({ securityEvents, securityEventFeed: securityEvents, eventStreams });
  const { http, listener } = await onLoopback(createOperationsPlane(deps, []));
  const url = `http://127.0.0.1:${listener.port}/v1/admin/events/stream`;
  return {
    events: securityEvents,
    deps,
    eventStreams,
    get: (path: string, as = 'audits') =>
      http.get(`/v1/admin/events${path}`).set('Authorization', `Bearer ${as}`),
    post: (path: string, body: object, as = 'operates') =>
      http.post(`/v1/admin/events${path}`).set('Authorization', `Bearer ${as}`).send(body),
    follow: (headers: Record<string, string> = {}) =>
      readEvents(url, { authorization: 'Bearer audits', ...headers }),
  };
}

describe('security events', () => {
  it('are listed by what is asked for, the newest first, to any role', async () => {
    const { events, get } = await served();
    for (const wall of [1, 2]) await events.raise(jump(wall));
    await events.raise(overdue);
    const listed = async (query: string) =>
      (await get(query)).body.events.map(({ sequence }: { sequence: number }) => sequence);
    expect((await get('?limit=1&after=2')).body).toEqual({ events: [open(1)], next: null });
    expect((await get('?limit=1&after=3')).body).toMatchObject({ next: 2 });
    expect((await get('?limit=2&after=3')).body).toMatchObject({ next: null });
    expect(await listed('')).toEqual([3, 2, 1]);
    expect(await listed('?severity=critical&state=open&type=clock.jump')).toEqual([2, 1]);
    expect(await listed('?state=resolved')).toEqual([]);
    expect(await listed('?scope=payments')).toEqual([]);
    expect(await listed(`?from=${NOON}&to=${NOON}`)).toEqual([3, 2, 1]);
    expect(await listed(`?from=${NOON + 1}`)).toEqual([]);
  });

  it.each([
    ['?state=closed', 'invalid_request'],
    ['?severity=fatal', 'invalid_request'],
    ['?type=token.unheard', 'invalid_request'],
    ['?from=yesterday', 'invalid_request'],
    ['?limit=1001', 'invalid_request'],
    ['?status=open', 'unknown_member'],
  ])('refuse a filter that is none: %s', async (query, code) => {
    const { status, body } = await (await served()).get(query);
    expect([status, body.code]).toEqual([422, code]);
  });

  it('are shown one by one', async () => {
    const { events, get } = await served();
    await events.raise(jump(1));
    expect((await get('/1')).body).toEqual({ event: open(1) });
    const missing = await get('/2');
    expect([missing.status, missing.body.code]).toEqual([404, 'unknown_event']);
    const odd = await get('/first');
    expect([odd.status, odd.body.code]).toEqual([422, 'invalid_request']);
  });

  it('are acknowledged and resolved by an operator, each for good', async () => {
    const { events, get, post } = await served();
    await events.raise(jump(1));
    const acknowledged = { by: 'ada', at: NOON, note: null };
    const first = await post('/1/acknowledge', {});
    expect([first.status, first.body]).toEqual([
      200,
      { event: { ...open(1), state: 'acknowledged', acknowledged } },
    ]);
    expect((await post('/1/acknowledge', {})).body).toEqual(first.body);
    const resolved = { by: 'ada', at: NOON, note: 'NTP is back' };
    const done = await post('/1/resolve', { note: 'NTP is back' });
    expect([done.status, done.body]).toEqual([
      200,
      { event: { ...open(1), state: 'resolved', acknowledged, resolved } },
    ]);
    expect((await get('/1')).body).toEqual(done.body);
    const other = await post('/1/resolve', { note: 'or is it?' });
    expect([other.status, other.body.code, other.body.detail]).toEqual([
      409,
      'event_resolved',
      'ada has resolved it; nothing is added to that',
    ]);
  });

  it('tell whoever comes second who was first', async () => {
    const { events, post } = await served();
    await events.raise(jump(1));
    await events.acknowledge(1, null, BOB);
    const { status, body } = await post('/1/acknowledge', { note: 'me too' });
    expect([status, body.code, body.detail]).toEqual([
      409,
      'event_acknowledged',
      'bob has acknowledged it; resolve it when it is done',
    ]);
  });

  it.each([
    ['/1/resolve', {}, 'operates', 422, 'invalid_request'],
    ['/1/resolve', { note: '' }, 'operates', 422, 'invalid_request'],
    ['/1/resolve', { note: 'x'.repeat(2_001) }, 'operates', 422, 'invalid_request'],
    ['/1/acknowledge', { note: 'x', by: 'bob' }, 'operates', 422, 'unknown_member'],
    ['/2/acknowledge', {}, 'operates', 404, 'unknown_event'],
    ['/1/acknowledge', {}, 'audits', 403, 'role_missing'],
    ['/1/resolve', { note: 'x' }, 'approves', 403, 'role_missing'],
  ] as const)('stay as they are after POST %s that is refused', async (path, body, as, status, code) => {
    const { events, post } = await served();
    await events.raise(jump(1));
    const answer = await post(path, body, as);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await events.find(1)).state).toBe('open');
  });
});

describe('the stream of security events', () => {
  it('tells what is raised, acknowledged and resolved from now on', async () => {
    const { events, follow } = await served();
    await events.raise(jump(1));
    const stream = await follow();
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    expect(await stream.next()).toEqual({ id: '1', event: 'following', data: {} });
    await events.raise(jump(2));
    await events.acknowledge(1, null, BOB);
    await events.resolve(2, 'a test', BOB);
    const step = (note: string | null) => ({ by: 'bob', at: NOON, note });
    expect(await stream.next()).toEqual({ id: '2', event: 'raised', data: { event: open(2) } });
    expect(await stream.next()).toEqual({
      id: '3',
      event: 'acknowledged',
      data: { event: { ...open(1), state: 'acknowledged', acknowledged: step(null) } },
    });
    expect(await stream.next()).toEqual({
      id: '4',
      event: 'resolved',
      data: { event: { ...open(2), state: 'resolved', resolved: step('a test') } },
    });
  });

  it('tells what another front does, and nothing of before that it hears of later', async () => {
    const { store } = await openTestStore();
    const front = () => createSecurityEvents(store.reader, store.writer, clock, true);
    const [own, other] = [front(), front()];
    await own.follow();
    await other.raise(jump(1));
    const stream = await (await served(undefined, own)).follow();
    expect(await stream.next()).toMatchObject({ id: '1', event: 'following' });
    await own.follow();
    await other.raise(jump(2));
    await own.follow();
    expect(await stream.next()).toEqual({ id: '2', event: 'raised', data: { event: open(2) } });
  });

  it('is resumed behind the id that was heard last', async () => {
    const { events, follow } = await served();
    for (const wall of [1, 2]) await events.raise(jump(wall));
    await events.resolve(1, 'a test', BOB);
    const stream = await follow({ 'last-event-id': '1' });
    const heard = [await stream.next(), await stream.next(), await stream.next()];
    expect(heard.map((message) => [message?.id, message?.event, message?.data.event?.sequence])).toEqual([
      ['1', 'following', undefined],
      ['2', 'raised', 2],
      ['3', 'resolved', 1],
    ]);
    await events.raise(jump(3));
    expect(await stream.next()).toMatchObject({ id: '4', event: 'raised' });
  });

  it('misses nothing and tells nothing twice of what happens while it is opened', async () => {
    const { events, deps, follow } = await served();
    await events.raise(jump(1));
    const read = deps.securityEventFeed.changesAfter;
    vi.spyOn(deps.securityEventFeed, 'changesAfter').mockImplementation(async (place, limit) => {
      await events.raise(jump(2));
      const missed = await read(place, limit);
      await events.raise(jump(3));
      return missed;
    });
    const stream = await follow({ 'last-event-id': '0' });
    const heard = [];
    for (let n = 0; n < 4; n += 1) heard.push((await stream.next())?.id);
    expect(heard).toEqual(['0', '1', '2', '3']);
  });

  it('ends behind what it tells at once, for the reader to resume', async () => {
    const { events, follow } = await served();
    await Promise.all(Array.from({ length: 250 }, (_, n) => events.raise(jump(n))));
    await Promise.all(Array.from({ length: 251 }, (_, n) => events.raise(jump(250 + n))));
    const all = async (place: string) => {
      const stream = await follow({ 'last-event-id': place });
      const ids: (string | undefined)[] = [];
      for (let heard = await stream.next(); heard; heard = await stream.next()) {
        ids.push(heard.id);
        if (heard.id === '501') break;
      }
      return ids;
    };
    const first = await all('0');
    expect([first.length, first[0], first.at(-1)]).toEqual([501, '0', '500']);
    expect(await all('500')).toEqual(['500', '501']);
  });

  it('refuses a place that is none, and a caller who may not look', async () => {
    const { follow } = await served();
    const odd = await follow({ 'last-event-id': 'life.7' });
    expect([odd.status, (await odd.problem()).code]).toEqual([422, 'invalid_request']);
    const stranger = await follow({ authorization: 'Bearer verifies' });
    expect([stranger.status, (await stranger.problem()).code]).toEqual([401, 'credential_invalid']);
  });

  it('takes so many at a time from one operator, and forgets the others', async () => {
    const { events, eventStreams, follow } = await served();
    const watched = vi.spyOn(events, 'subscribe');
    const streams = [];
    for (let n = 0; n < LIMITS.event_streams_per_client; n += 1) streams.push(await follow());
    const refused = await follow();
    expect([refused.status, (await refused.problem()).code]).toEqual([429, 'rate_limited']);
    expect(watched).toHaveBeenCalledTimes(LIMITS.event_streams_per_client + 1);
    for (const stream of streams) stream.cancel();
    await vi.waitFor(() => expect(eventStreams.size).toBe(0), 20_000);
    expect((await follow()).status).toBe(200);
  });

  it('ends with the credential', async () => {
    const { deps, follow } = await served(10);
    const stream = await follow();
    await stream.next();
    vi.spyOn(deps.authenticator, 'operator').mockImplementation(() => {
      throw new Error('revoked');
    });
    onTestFinished(() => void vi.restoreAllMocks());
    expect(await stream.next()).toBeUndefined();
  });
});
