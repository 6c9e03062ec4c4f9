import { Agent } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CallerBudget } from '../../../src/server/caller-budget.ts';
import { networkOf } from '../../../src/server/connections.ts';
import { dataPlane } from '../../support/on-loopback.ts';
import { RELEASED } from '../../support/payments.ts';
import { LIMITS } from '../../support/planes.ts';
import { recordedLog } from '../../support/recorded-log.ts';

const TOKENS = '/v1/scopes/payments/tokens';

// The limits' own time stands still, however long a request takes; Node's sockets have theirs.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const outcome = ({ status, body, headers }: { status: number; body: { code?: string }; headers: object }) => [
  status,
  body.code,
  (headers as Record<string, string>)['retry-after'],
];

test('a client has its share of requests, and then waits', async () => {
  const http = await dataPlane({ limits: { ...LIMITS, client_requests_per_second: 2 } });
  const outcomes = [];
  for (let asked = 0; asked < 3; asked++) {
    outcomes.push(outcome(await http.post('/v1/scopes/ghost/tokens').set('Authorization', 'Bearer signs')));
  }
  expect(outcomes).toEqual([
    [404, 'unknown_scope', undefined],
    [404, 'unknown_scope', undefined],
    [429, 'rate_limited', '1'],
  ]);
  expect((await http.post('/v1/scopes/ghost/tokens').set('Authorization', 'Bearer verifies')).status).toBe(
    404,
  );
  vi.advanceTimersByTime(1_000);
  expect((await http.post('/v1/scopes/ghost/tokens').set('Authorization', 'Bearer signs')).status).toBe(404);
});

test('those who come without a credential have their share by address', async () => {
  const http = await dataPlane({ limits: { ...LIMITS, anonymous_requests_per_second: 2 } });
  const outcomes = [];
  for (const path of ['/scopes/payments/jwks.json', '/nowhere', '/scopes/payments/jwks.json']) {
    outcomes.push(outcome(await http.get(path)));
  }
  expect(outcomes).toEqual([
    [200, undefined, undefined],
    [404, 'not_found', undefined],
    [429, 'rate_limited', '1'],
  ]);
});

test('too many wrong credentials are answered 429, and a right one still 201', async () => {
  const http = await dataPlane({ limits: { ...LIMITS, failed_authentications_per_minute: 2 } });
  const codes = [];
  for (const credential of ['guess-1', 'guess-2', 'guess-3', 'signs']) {
    const asked = http.post(TOKENS).set('Authorization', `Bearer ${credential}`);
    const { status, body } = await asked.send({ claims: {} });
    codes.push([status, body.code]);
  }
  expect(codes).toEqual([
    [401, 'credential_invalid'],
    [401, 'credential_invalid'],
    [429, 'rate_limited'],
    [201, undefined],
  ]);
});

test('behind a proxy, the address that the proxy saw is the one that counts', async () => {
  const limits = { ...LIMITS, anonymous_requests_per_second: 1 };
  const http = await dataPlane({ limits, listener: { trusted_proxies: ['127.0.0.1'] } });
  const from = async (chain: string) =>
    (await http.get('/scopes/payments/jwks.json').set('X-Forwarded-For', chain)).status;
  expect(await from('192.0.2.1')).toBe(200);
  expect(await from('198.51.100.9, 192.0.2.1')).toBe(429);
  expect(await from('192.0.2.1, 198.51.100.9')).toBe(200);
});

test('of several listed proxies, the address before them counts, and nothing that is no address', async () => {
  const limits = { ...LIMITS, anonymous_requests_per_second: 1 };
  const http = await dataPlane({ limits, listener: { trusted_proxies: ['127.0.0.0/8', '198.51.100.0/24'] } });
  const from = async (chain: string) =>
    (await http.get('/scopes/payments/jwks.json').set('X-Forwarded-For', chain)).status;
  expect(await from('192.0.2.1, 198.51.100.9')).toBe(200);
  expect(await from('203.0.113.5, 192.0.2.1, 198.51.100.7')).toBe(429);
  expect(await from('unknown, 198.51.100.9')).toBe(200);
  expect(await from('192.0.2.8, [::1]:99, 198.51.100.9')).toBe(429);
});

test('a peer that is no listed proxy is the client itself, whatever it sends, and the log says so once', async () => {
  const limits = { ...LIMITS, anonymous_requests_per_second: 1 };
  const { log, lines } = recordedLog();
  const http = await dataPlane({ log, limits, listener: { trusted_proxies: ['192.0.2.0/24'] } });
  expect((await http.get('/scopes/payments/jwks.json').set('X-Forwarded-For', '192.0.2.1')).status).toBe(200);
  expect((await http.get('/scopes/payments/jwks.json').set('X-Forwarded-For', '203.0.113.2')).status).toBe(
    429,
  );
  const msg = 'X-Forwarded-For is ignored: its sender is not in trusted_proxies';
  expect(lines.filter((line) => line.msg === msg)).toMatchObject([
    { plane: 'data', peer: expect.stringMatching(/127\.0\.0\.1$/) },
  ]);
});

test('what an unlisted sender puts into its headers is not in the log, however many it sends', async () => {
  const { log, lines } = recordedLog();
  const http = await dataPlane({ log, listener: { trusted_proxies: ['192.0.2.0/24'] } });
  for (let sent = 0; sent < 50; sent++) {
    const forged = `203.0.113.${sent}, "}\t\u00a7{"level":60,"msg":"forged ${sent}`;
    const { status } = await http.get('/scopes/payments/jwks.json').set('X-Forwarded-For', forged);
    expect(status).toBe(200);
  }
  const told = lines.filter(({ msg }) => String(msg).startsWith('X-Forwarded-For'));
  expect(told).toHaveLength(1);
  expect(Object.keys(told[0] ?? {}).toSorted()).toEqual(['level', 'msg', 'peer', 'plane', 'time']);
  expect(JSON.stringify(lines)).not.toMatch(/forged|203\.0\.113/);
});

test('each of the first sixteen senders that are not listed is named', async () => {
  const { log, lines } = recordedLog();
  const http = await dataPlane({ log, listener: { trusted_proxies: ['192.0.2.0/24'] } });
  for (let sender = 2; sender < 22; sender++) {
    const from = new Agent({ localAddress: `127.0.0.${sender}` });
    await http.get('/scopes/payments/jwks.json').agent(from).set('X-Forwarded-For', '192.0.2.1');
  }
  const told = lines.filter(({ msg }) => String(msg).startsWith('X-Forwarded-For')).map(({ peer }) => peer);
  expect(told).toEqual(
    Array.from({ length: 16 }, (_, at) => expect.stringMatching(`127\\.0\\.0\\.${at + 2}$`)),
  );
});

test('a listed proxy is believed without a word of it', async () => {
  const { log, lines } = recordedLog();
  const http = await dataPlane({ log, listener: { trusted_proxies: ['127.0.0.1'] } });
  await http.get('/scopes/payments/jwks.json').set('X-Forwarded-For', '192.0.2.1');
  expect(lines.filter(({ msg }) => String(msg).includes('ignored'))).toEqual([]);
});

test('without a proxy, nobody can give another address', async () => {
  const http = await dataPlane({ limits: { ...LIMITS, anonymous_requests_per_second: 1 } });
  expect((await http.get('/scopes/payments/jwks.json').set('X-Forwarded-For', '192.0.2.1')).status).toBe(200);
  expect((await http.get('/scopes/payments/jwks.json').set('X-Forwarded-For', '192.0.2.2')).status).toBe(429);
});

test('beyond the requests in flight there is 503 at once, for that class of callers alone', async () => {
  const started = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const http = await dataPlane({
    limits: { ...LIMITS, requests_in_flight: 1 },
    issuer: {
      async issue() {
        started.resolve();
        await release.promise;
        return RELEASED;
      },
    },
  });
  const first = http
    .post(TOKENS)
    .set('Authorization', 'Bearer signs')
    .send({ claims: {} })
    .then((answer) => answer);
  await started.promise;
  const second = http.post(TOKENS).set('Authorization', 'Bearer also signs').send({ claims: {} });
  expect(outcome(await second)).toEqual([503, 'overloaded', '1']);
  for (const path of ['/scopes/payments/jwks.json', '/healthz', '/readyz']) {
    expect((await http.get(path)).status).toBe(200);
  }
  release.resolve();
  expect((await first).status).toBe(201);
  const third = http.post(TOKENS).set('Authorization', 'Bearer also signs').send({ claims: {} });
  expect((await third).status).toBe(201);
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['2001:db8:1:2::', '2001:db8:1:2'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('limits that a reload changes are obeyed from then on', async () => {
  const limits = { ...LIMITS, anonymous_requests_per_second: 1 };
  const http = await dataPlane({ limits });
  const status = async () => (await http.get('/scopes/payments/jwks.json')).status;
  expect([await status(), await status()]).toEqual([200, 429]);
  limits.anonymous_requests_per_second = 1_000;
  expect(await status()).toBe(200);
});

test('as many requests as a reload allows are in flight', () => {
  const limits = { requests_in_flight: 2 };
  const budget = new CallerBudget('identity', limits);
  budget.enter('a');
  budget.enter('b');
  expect(() => budget.enter('c')).toThrow('too many');
  limits.requests_in_flight = 4;
  expect(budget.crowded('c')).toBeUndefined();
});
