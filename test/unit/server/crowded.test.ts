import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { ListenerConfig } from '../../../src/server/listener.ts';
import { onLoopback } from '../../support/on-loopback.ts';
import {
  createDataPlane,
  createOperationsPlane,
  type DataPlaneDeps,
  dataPlaneDeps,
  LIMITS,
  operationsPlaneDeps,
  publicReports,
} from '../../support/planes.ts';

/** As long as it takes: the machine may be busy. */
const PATIENT = { timeout: 25_000 };
const TOKENS = '/v1/scopes/payments/tokens';
const VERIFY = '/v1/scopes/payments/verify';

async function served(changes: Partial<DataPlaneDeps> = {}, config: Partial<ListenerConfig> = {}) {
  const { listener, http } = await onLoopback(
    createDataPlane(dataPlaneDeps(changes), publicReports()),
    {},
    config,
  );
  return { port: listener.port, http, ...callers(http) };
}

function callers(http: Awaited<ReturnType<typeof onLoopback>>['http']) {
  const statusOf = async (asked: PromiseLike<{ status: number }>) => (await asked).status;
  return {
    issue: (as = 'signs') =>
      statusOf(http.post(TOKENS).set('Authorization', `Bearer ${as}`).send({ claims: {} })),
    verify: () => statusOf(http.post(VERIFY).set('Authorization', 'Bearer verifies').send({ token: 'good' })),
    keySet: () => statusOf(http.get('/scopes/payments/jwks.json')),
  };
}

const typeOf = (path: string) =>
  path.endsWith('introspect') ? 'application/x-www-form-urlencoded' : 'application/json';

/** A connection that sends the beginning of a request and never the rest; what it hears is the status, if anything. */
async function dawdle(
  port: number,
  path: string,
  headers: string,
): Promise<{ socket: Socket; heard(): string }> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let heard = '';
  socket.on('data', (chunk) => {
    heard += chunk;
  });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${typeOf(path)}\r\n${headers}Content-Length: 100\r\n\r\n{`,
  );
  return { socket, heard: () => heard.slice(9, 12) };
}

/** Of a body that one who signs began. */
const REST = `"claims":{}${' '.repeat(87)}}`;

function dawdlers(count: number, port: number, path: string, headers = '') {
  return Promise.all(Array.from({ length: count }, () => dawdle(port, path, headers)));
}

const statuses = (all: readonly { heard(): string }[]) => {
  const counts: Record<string, number> = {};
  for (const each of all) counts[each.heard()] = (counts[each.heard()] ?? 0) + 1;
  return counts;
};

/** All are answered so at once, but for a few at a time that are waited for, some seconds each. */
async function refusedBut(few: number, all: readonly { heard(): string }[], refusal: string) {
  await expect.poll(() => (statuses(all)[''] ?? 0) <= few, PATIENT).toBe(true);
  const { [refusal]: refused = 0, '': waitedFor = 0, 408: givenUp = 0 } = statuses(all);
  expect(refused + waitedFor + givenUp).toBe(all.length);
  expect(refused).toBeGreaterThan(0);
}

const SIGNED = 'Github-Public-Key-Identifier: one\r\nGithub-Public-Key-Signature: AA==\r\n';

test.each([
  ['leaks, of no known key', '/v1/leaks', SIGNED, '401'],
  ['leaks, without a signature', '/v1/leaks', '', '401'],
  ['reports', '/v1/scopes/payments/reports', '', '429'],
  ['introspection, the secret yet to come', '/v1/scopes/payments/introspect', '', '429'],
  ['tokens, without a credential', TOKENS, '', '401'],
])('hundreds of slow bodies for %s are in nobody’s way', async (_, path, headers, refusal) => {
  const { port, issue, verify, keySet } = await served({
    limits: { ...LIMITS, requests_in_flight: 64 },
  });
  const all = await dawdlers(200, port, path, headers);
  await refusedBut(refusal === '429' ? 16 : 0, all, refusal);
  expect([await issue(), await verify(), await keySet()]).toEqual([201, 200, 200]);
});

test('slow bodies for leaks that name a known key take few places', async () => {
  const leakPartners = { knows: () => true, partnerOf: () => 'codehost' };
  const { port, http, issue, verify, keySet } = await served({
    leakPartners,
    limits: { ...LIMITS, requests_in_flight: 64 },
  });
  const all = await dawdlers(200, port, '/v1/leaks', SIGNED);
  await refusedBut(16, all, '429');
  expect([await issue(), await verify(), await keySet()]).toEqual([201, 200, 200]);
  for (const { socket } of all) socket.destroy();
  const report = async () =>
    (
      await http
        .post('/v1/leaks')
        .set({ 'Github-Public-Key-Identifier': 'one', 'Github-Public-Key-Signature': 'AA==' })
        .send([{ token: 'a', type: 'b' }])
    ).status;
  await expect.poll(report, PATIENT).toBe(200);
});

test('slow bodies of one who verifies are in the way of verifying alone, and of others the less', async () => {
  const { port, issue, verify, keySet } = await served({ limits: { ...LIMITS, requests_in_flight: 16 } });
  const all = await dawdlers(40, port, VERIFY, 'Authorization: Bearer verifies\r\n');
  await expect.poll(() => statuses(all), PATIENT).toEqual({ '': 8, 503: 32 });
  expect([await issue(), await verify(), await keySet()]).toEqual([201, 503, 200]);
});

test('slow bodies of one who signs leave half of the places to another', async () => {
  const { port, issue, verify } = await served({ limits: { ...LIMITS, requests_in_flight: 16 } });
  const all = await dawdlers(40, port, TOKENS, 'Authorization: Bearer signs\r\n');
  await expect.poll(() => statuses(all), PATIENT).toEqual({ '': 8, 503: 32 });
  expect([await issue(), await issue('also signs'), await verify()]).toEqual([503, 201, 200]);
});

test('a busy process refuses signatures before it reads the request, as it would later on', async () => {
  const load = { share: 1, watch() {}, answered() {}, refused() {} };
  const limits = { ...LIMITS, requests_in_flight: 16 };
  const seen: string[] = [];
  const callers = {
    authenticated: (caller: string, remote: string | undefined) => seen.push(`${caller} ${remote}`),
    rejectedSecret: () => {},
    refused: () => {},
  };
  const { port, http, issue, verify } = await served({ limits, load, callers });
  const [dawdler] = await dawdlers(1, port, TOKENS, 'Authorization: Bearer signs\r\n');
  await expect.poll(() => seen.length, PATIENT).toBe(1);
  load.share = 1 / 8;
  const refused = await http
    .post(`${TOKENS}?a=1`)
    .set('Authorization', 'Bearer signs')
    .set('X-Request-Id', 'mine')
    .set('Content-Type', 'text/plain')
    .send('not read');
  expect(refused.status).toBe(503);
  expect(refused.headers).toMatchObject({ 'retry-after': '1', 'x-request-id': 'mine' });
  expect(refused.body).toMatchObject({ code: 'overloaded', request_id: 'mine' });
  expect(seen).toEqual([seen[0], seen[0]]);
  const others = [await issue('also signs'), await issue('verifies'), await issue('nobody'), await verify()];
  expect(others).toEqual([201, 403, 401, 200]);
  dawdler?.socket.write(REST);
  await expect.poll(() => dawdler?.heard(), PATIENT).toBe('201');
  expect(await issue()).toBe(201);
});

test('slow bodies of one operator leave half of the places to another, and scrapes theirs', async () => {
  const limits = { ...LIMITS, requests_in_flight: 8 };
  const { listener, http } = await onLoopback(createOperationsPlane(operationsPlaneDeps({ limits }), []));
  const all = await dawdlers(20, listener.port, '/v1/admin/clients', 'Authorization: Bearer operates\r\n');
  await expect.poll(() => statuses(all), PATIENT).toEqual({ '': 4, 503: 16 });
  const asked = async (as: string) =>
    (await http.get('/v1/admin/scopes').set('Authorization', `Bearer ${as}`)).status;
  expect([await asked('operates'), await asked('audits')]).toEqual([503, 200]);
  expect((await http.get('/metrics')).status).toBe(200);
});

test('of too many connections from one address the oldest goes, unless somebody known is behind it', async () => {
  const { port, issue } = await served({}, { connections_per_address: 3 });
  const known = await dawdle(port, TOKENS, 'Authorization: Bearer signs\r\n');
  known.socket.write(REST);
  await expect.poll(known.heard, PATIENT).toBe('201');
  const strangers: Awaited<ReturnType<typeof dawdle>>[] = [];
  for (let count = 0; count < 5; count++) strangers.push(await dawdle(port, TOKENS, ''));
  await expect
    .poll(() => strangers.map(({ socket }) => socket.closed), PATIENT)
    .toEqual([true, true, true, false, false]);
  expect(known.socket.closed).toBe(false);
  expect(await issue()).toBe(201);
});

test('where all connections of an address are of known callers, the new one goes', async () => {
  const { port } = await served({}, { connections_per_address: 2 });
  const known = await dawdlers(2, port, TOKENS, 'Authorization: Bearer signs\r\n');
  for (const { socket } of known) socket.write(REST);
  await expect.poll(() => statuses(known), PATIENT).toEqual({ 201: 2 });
  const late = connect(port, '127.0.0.1');
  late.on('error', () => undefined).resume();
  await new Promise((resolve) => late.once('close', resolve));
  expect(known.map(({ socket }) => socket.closed)).toEqual([false, false]);
});

test('a listed proxy may have any number of connections, and nobody else', async () => {
  const bound = { connections_per_address: 10 };
  const closedOf = async (trusted_proxies: readonly string[]) => {
    const { port, keySet } = await served({}, { ...bound, trusted_proxies });
    const many = await dawdlers(20, port, TOKENS, '');
    // Accepted behind all of them.
    expect(await keySet()).toBe(200);
    return () => many.filter(({ socket }) => socket.closed).length;
  };
  const ofAnyone = await closedOf(['192.0.2.0/24']);
  // One more of them for the key set.
  await expect.poll(ofAnyone, PATIENT).toBe(11);
  const ofProxy = await closedOf(['127.0.0.0/8']);
  expect(ofProxy()).toBe(0);
});
