import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Grants } from '../../../src/kernel/actor.ts';
import type { EventFeed, EventMessage, ScopeEvents } from '../../../src/kernel/publication.ts';
import { EventStreams } from '../../../src/server/event-streams.ts';
import { WaitingBytes } from '../../../src/server/waiting-bytes.ts';
import { readEvents } from '../../support/event-reader.ts';
import { onLoopback } from '../../support/on-loopback.ts';
import { createDataPlane, type DataPlaneDeps, dataPlaneDeps, LIMITS } from '../../support/planes.ts';
import { grants } from '../access/callers.ts';

const SNAPSHOT: EventMessage = {
  id: 'life.0',
  event: {
    type: 'snapshot',
    version: 1,
    keys: [{ kid: 'kid-1', state: 'active' }],
    rootClaim: null,
    revocations: [],
    more: false,
    incomplete: false,
  },
};
const compromised = (id: string): EventMessage => ({
  id,
  event: { type: 'compromised', kid: 'kid-1', version: 2 },
});

/** A scope's events, told by the test. */
function toldEvents(opening: readonly EventMessage[] = [SNAPSHOT]) {
  const followers = new Set<(message: EventMessage) => void>();
  const asked: (string | undefined)[] = [];
  const scopeEvents: ScopeEvents = {
    open(_scopeId, lastEventId): EventFeed {
      asked.push(lastEventId);
      return {
        opening: opening[Symbol.iterator](),
        follow(told) {
          followers.add(told);
          return () => void followers.delete(told);
        },
      };
    },
  };
  const tell = (message: EventMessage) => {
    for (const told of followers) told(message);
  };
  return { scopeEvents, asked, tell, followers };
}

async function served(changes: Partial<DataPlaneDeps> = {}, heartbeatMs?: number, waiting?: WaitingBytes) {
  const eventStreams = new EventStreams(LIMITS, heartbeatMs, waiting);
  onTestFinished(() => eventStreams.end());
  const deps = dataPlaneDeps({ eventStreams, ...changes });
  const { listener } = await onLoopback(createDataPlane(deps, []));
  const url = `http://127.0.0.1:${listener.port}/v1/scopes/payments/events`;
  const follow = (query = '', headers: Record<string, string> = {}) =>
    readEvents(url + query, { authorization: 'Bearer verifies', ...headers });
  /** Asks for the stream and takes nothing of it. */
  const stall = () => {
    const idle = connect(listener.port, '127.0.0.1').pause();
    onTestFinished(() => void idle.destroy());
    idle.write(
      'GET /v1/scopes/payments/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer verifies\r\n\r\n',
    );
  };
  return { deps, listener, url, eventStreams, follow, stall };
}

test('an event is serialised once, however many follow', async () => {
  const { scopeEvents, tell } = toldEvents();
  const { follow } = await served({ scopeEvents });
  const streams = [await follow(), await follow(), await follow()];
  for (const events of streams) await events.next();
  let reads = 0;
  const event = {
    type: 'compromised',
    kid: 'kid-1',
    get version() {
      reads += 1;
      return 2;
    },
  } as const;
  tell({ id: 'life.1', event });
  for (const events of streams) {
    expect(await events.next()).toEqual({
      id: 'life.1',
      event: 'compromised',
      data: { kid: 'kid-1', version: 2 },
    });
  }
  expect(reads).toBe(1);
});

test('opens with all that holds now and goes on with what happens', async () => {
  const { scopeEvents, tell } = toldEvents();
  const { follow } = await served({ scopeEvents });
  const events = await follow();
  expect([
    events.status,
    ...['content-type', 'cache-control', 'connection'].map((h) => events.headers.get(h)),
  ]).toEqual([200, 'text/event-stream', 'no-store', 'close']);
  expect(await events.next()).toEqual({
    id: 'life.0',
    event: 'snapshot',
    data: {
      version: 1,
      keys: [{ kid: 'kid-1', state: 'active' }],
      root_claim: null,
      revocations: [],
      more: false,
      incomplete: false,
    },
  });
  tell(compromised('life.1'));
  expect(await events.next()).toEqual({
    id: 'life.1',
    event: 'compromised',
    data: { kid: 'kid-1', version: 2 },
  });
});

test('asks for what was missed since the id that the verifier names', async () => {
  const { scopeEvents, asked } = toldEvents();
  const { follow } = await served({ scopeEvents });
  await follow('', { 'last-event-id': 'life.7' });
  await follow('', { 'last-event-id': '' });
  expect(asked).toEqual(['life.7', undefined]);
});

test('while the opening is not told in full, nothing carries an id to resume from', async () => {
  const page = (more: boolean): EventMessage => ({
    id: more ? null : 'life.9',
    event: { type: 'revocations', revocations: filler(), more, incomplete: false },
  });
  const pages = [{ ...SNAPSHOT, id: null }, ...Array.from({ length: 200 }, () => page(true)), page(false)];
  const { scopeEvents, tell } = toldEvents(pages);
  const { follow, deps } = await served({ scopeEvents });
  const events = await follow();
  await vi.waitFor(() => expect(deps.eventStreams.size).toBe(1), 20_000);
  tell(compromised('life.8'));
  const ids: [string, string | undefined][] = [];
  for (let heard = await events.next(); heard; heard = await events.next()) {
    ids.push([heard.event, heard.id]);
    if (heard.id) break;
  }
  expect(ids[0]).toEqual(['snapshot', '']);
  expect(ids.at(-1)).toEqual(['revocations', 'life.9']);
  expect(ids.filter(([event]) => event === 'compromised')).toEqual([['compromised', undefined]]);
  tell(compromised('life.10'));
  expect(await events.next()).toMatchObject({ id: 'life.10' });
});

function filler() {
  const jtiHash = 'x'.repeat(43);
  return Array.from({ length: 250 }, (_, sequence) => ({
    sequence,
    jtiHash,
    rootHash: null,
    issuedFrom: null,
    issuedUntil: null,
    ask: false,
    lapsesAt: null,
  }));
}

const LARGE: EventMessage = {
  id: 'life.1',
  event: { type: 'revocations', revocations: filler(), more: false, incomplete: false },
};

test.each([
  ['another action’s grant', 'Bearer signs', 403, 'grant_missing'],
  ['an unknown credential', 'Bearer nobody', 401, 'credential_invalid'],
])('%s is refused', async (_, authorization, status, code) => {
  const { follow } = await served();
  const refused = await follow('', { authorization });
  expect([refused.status, (await refused.problem()).code]).toEqual([status, code]);
});

test.each(['?instance=', '?instance=a%20b', `?instance=${'a'.repeat(65)}`, '?other=1'])(
  '%s is refused, a proper name is taken',
  async (query) => {
    const { follow, deps } = await served();
    expect((await follow(query)).status).toBe(422);
    expect((await follow('?instance=web-1.example:8443')).status).toBe(200);
    expect(deps.verifiers.list()).toMatchObject([{ instance: 'web-1.example:8443', clientId: 'relying' }]);
  },
);

test('HEAD answers the headers and ends', async () => {
  const { url, deps } = await served();
  const response = await fetch(url, { method: 'HEAD', headers: { authorization: 'Bearer verifies' } });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  expect(deps.eventStreams.size).toBe(0);
});

test('a verifier is connected as long as its stream is open, and by HEAD or a refusal it is not', async () => {
  const { follow, url, deps, eventStreams } = await served();
  const connected = () => deps.verifiers.list().filter(({ connectedSince }) => connectedSince !== null);
  const headers = { authorization: 'Bearer verifies' };
  await fetch(`${url}?instance=asks`, { method: 'HEAD', headers });
  expect(connected()).toEqual([]);
  const streams = await Promise.all([1, 2, 3, 4].map((n) => follow(`?instance=follows-${n}`)));
  expect((await follow('?instance=refused')).status).toBe(429);
  const instances = connected().map(({ instance }) => instance);
  expect(instances.toSorted()).toEqual([1, 2, 3, 4].map((n) => `follows-${n}`));
  for (const stream of streams) stream.cancel();
  await vi.waitFor(() => expect(eventStreams.size).toBe(0), 20_000);
  expect(connected()).toEqual([]);
});

test('each client has its share of streams, and another one is there once one has ended', async () => {
  const { follow, eventStreams } = await served();
  const open = await Promise.all([1, 2, 3, 4].map(() => follow()));
  const refused = await follow();
  expect([refused.status, refused.headers.get('retry-after'), (await refused.problem()).code]).toEqual([
    429,
    '5',
    'rate_limited',
  ]);
  open[0]?.cancel();
  await vi.waitFor(() => expect(eventStreams.size).toBe(3), 20_000);
  expect((await follow()).status).toBe(200);
});

test('there are so many streams in all', async () => {
  const eventStreams = new EventStreams({ event_streams: 1, event_streams_per_client: 4 });
  const { follow } = await served({ eventStreams });
  await follow();
  const refused = await follow();
  expect([refused.status, refused.headers.get('retry-after'), (await refused.problem()).code]).toEqual([
    503,
    '5',
    'overloaded',
  ]);
});

test('a stream takes no place among the requests in flight', async () => {
  const { follow, url } = await served({ limits: { ...LIMITS, requests_in_flight: 1 } });
  await follow();
  expect((await follow()).status).toBe(200);
  expect((await fetch(new URL('/healthz', url))).status).toBe(200);
});

test('ends at once when the client may have it no longer, and the others go on', async () => {
  let allowed = true;
  const told = toldEvents();
  const changing: Grants = { allows: (...asked) => allowed && grants.allows(...asked) };
  const { follow, eventStreams } = await served({ grants: changing, scopeEvents: told.scopeEvents });
  const events = await follow();
  await events.next();
  eventStreams.review('relying');
  expect(eventStreams.size).toBe(1);
  allowed = false;
  eventStreams.review('somebody-else');
  expect(eventStreams.size).toBe(1);
  eventStreams.review('relying');
  expect(await events.next()).toBeUndefined();
  expect([eventStreams.size, told.followers.size]).toEqual([0, 0]);
});

test('a comment keeps the connection alive, and what a client may is asked again with each', async () => {
  let allowed = true;
  const changing: Grants = { allows: (...asked) => allowed && grants.allows(...asked) };
  const { follow } = await served({ grants: changing }, 5);
  const events = await follow();
  await events.next();
  const ended = events.next();
  await vi.waitFor(() => expect(events.comments()).toBeGreaterThan(2), 20_000);
  allowed = false;
  expect(await ended).toBeUndefined();
});

test('a reader that takes nothing is cut off before much waits for it, and others are not', async () => {
  const { scopeEvents, tell } = toldEvents();
  const { follow, eventStreams, stall } = await served({ scopeEvents });
  const reader = await follow();
  await reader.next();
  stall();
  await vi.waitFor(() => expect(eventStreams.size).toBe(2), 20_000);
  for (let told = 0; eventStreams.size === 2 && told < 2_000; told++) {
    tell(LARGE);
    expect((await reader.next())?.event).toBe('revocations');
  }
  expect(eventStreams.size).toBe(1);
});

test('readers that take nothing are cut off before much waits for all of them, and others are not', async () => {
  const most = 200 * 1024;
  const waiting = new WatchedBytes(most);
  const { scopeEvents, tell } = toldEvents();
  const { follow, eventStreams, stall } = await served({ scopeEvents }, undefined, waiting);
  const reader = await follow();
  await reader.next();
  for (let n = 0; n < 3; n += 1) stall();
  await vi.waitFor(() => expect(eventStreams.size).toBe(4), 20_000);
  const held: number[] = [];
  for (let told = 0; eventStreams.size > 2 && told < 2_000; told++) {
    tell(LARGE);
    expect((await reader.next())?.event).toBe('revocations');
    await turn();
    held.push(waiting.total);
  }
  expect(eventStreams.size).toBe(2);
  expect(held.filter((bytes) => bytes > most)).toEqual([]);
  expect(held.some((bytes) => bytes > 0)).toBe(true);
});

class WatchedBytes extends WaitingBytes {
  readonly #readers = new Set<Parameters<WaitingBytes['add']>[0]>();

  override add(reader: Parameters<WaitingBytes['add']>[0]): void {
    super.add(reader);
    this.#readers.add(reader);
  }

  override delete(reader: Parameters<WaitingBytes['add']>[0]): void {
    super.delete(reader);
    this.#readers.delete(reader);
  }

  get total(): number {
    return [...this.#readers].reduce((sum, { waitingBytes }) => sum + waitingBytes, 0);
  }
}

test('a reader that takes nothing from one beat to the next is cut off', async () => {
  const pages = Array.from(
    { length: 2_000 },
    (): EventMessage => ({
      id: null,
      event: { type: 'revocations', revocations: filler(), more: true, incomplete: false },
    }),
  );
  const { scopeEvents, asked } = toldEvents(pages);
  const { eventStreams, stall } = await served({ scopeEvents }, 20);
  stall();
  await vi.waitFor(() => expect([asked.length, eventStreams.size]).toEqual([1, 0]), 20_000);
});

test('a drain does not wait for streams, and opens no more', async () => {
  const { follow, listener, eventStreams } = await served();
  const events = await follow();
  await events.next();
  const drained = listener.drain(600);
  eventStreams.end();
  await drained;
  expect(await events.next()).toBeUndefined();
});

test('the server’s own limits of time do not end a healthy stream', async () => {
  const { scopeEvents, tell } = toldEvents();
  const deps = dataPlaneDeps({ scopeEvents });
  onTestFinished(() => deps.eventStreams.end());
  const bounds = {
    headersTimeout: 50,
    requestTimeout: 60,
    keepAliveTimeout: 50,
    connectionsCheckingInterval: 10,
    unreadMs: 50,
  };
  const { listener } = await onLoopback(createDataPlane(deps, []), bounds);
  const events = await readEvents(`http://127.0.0.1:${listener.port}/v1/scopes/payments/events`, {
    authorization: 'Bearer verifies',
  });
  await events.next();
  const started = performance.now();
  await vi.waitFor(() => expect(performance.now() - started).toBeGreaterThan(500), 20_000);
  tell(compromised('life.1'));
  expect(await events.next()).toMatchObject({ id: 'life.1' });
});
