import { expect, onTestFinished, test, vi } from 'vitest';
import { createMetrics } from '../../../src/metrics/metrics.ts';
import { dataPlane, operationsPlane } from '../../support/on-loopback.ts';
import { LIMITS } from '../../support/planes.ts';

test('alive says nothing of the HSM', async () => {
  const http = await dataPlane({ readiness: { check: () => Promise.reject(new Error('away')) } });
  const { status, body } = await http.get('/healthz');
  expect([status, body]).toEqual([200, { status: 'alive' }]);
});

test('ready is 200, and 503 naming what is away', async () => {
  const ready = await (await dataPlane()).get('/readyz');
  expect([ready.status, ready.body]).toEqual([
    200,
    { ready: true, checks: [{ name: 'sign', ok: true, detail: 'signs' }] },
  ]);
  const checks = [{ name: 'sign', ok: false, detail: 'the HSM is away' }] as const;
  const away = await dataPlane({ readiness: { check: async () => ({ ready: false, checks }) } });
  const answer = await away.get('/readyz');
  expect([answer.status, answer.body]).toEqual([503, { ready: false, checks }]);
  expect(answer.headers['cache-control']).toBe('no-store');
});

test('each duty has a readiness of its own', async () => {
  const asked: (string | undefined)[] = [];
  const check = async (duty?: string) => {
    asked.push(duty);
    return { ready: duty === 'verify', checks: [] };
  };
  const http = await dataPlane({ readiness: { check } });
  expect((await http.get('/readyz')).status).toBe(503);
  expect((await http.get('/readyz/sign')).status).toBe(503);
  expect((await http.get('/readyz/verify')).status).toBe(200);
  expect(asked).toEqual([undefined, 'sign', 'verify']);
});

test('probes are outside the rate limits, and anything else of nobody is within', async () => {
  const http = await dataPlane({ limits: { ...LIMITS, anonymous_requests_per_second: 1 } });
  for (const path of ['/healthz', '/readyz', '/readyz/sign', '/readyz/verify', '/healthz']) {
    expect((await http.get(path)).status).toBe(200);
  }
  const answers = await Promise.all([1, 2, 3].map(() => http.get('/scopes/payments/jwks.json')));
  expect(answers.map(({ status }) => status)).toContain(429);
});

test('metrics are told on the operations plane and on no other', async () => {
  const metrics = createMetrics();
  metrics.tokensIssued.inc({ scope: 'payments' });
  const told = await (await operationsPlane({ metrics })).get('/metrics');
  expect(told.status).toBe(200);
  expect(told.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(told.text).toContain('keyward_tokens_issued_total{scope="payments"} 1\n');
  expect((await (await dataPlane({ metrics })).get('/metrics')).status).toBe(404);
});

test('metrics are collected once a second, however often they are asked for', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const metrics = createMetrics();
  const collect = vi.spyOn(metrics.registry, 'metrics');
  const http = await operationsPlane({ metrics });
  const scrape = async () => (await http.get('/metrics')).text;
  const first = await Promise.all([scrape(), scrape(), scrape()]);
  metrics.tokensIssued.inc({ scope: 'payments' });
  vi.advanceTimersByTime(999);
  expect(new Set([...first, await scrape()]).size).toBe(1);
  expect(collect).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(await scrape()).toContain('keyward_tokens_issued_total{scope="payments"} 1\n');
  expect(collect).toHaveBeenCalledTimes(2);
});

test('requests in flight are told for each plane and class of callers, the scrape itself among them', async () => {
  const metrics = createMetrics();
  await dataPlane({ metrics });
  const { text } = await (await operationsPlane({ metrics })).get('/metrics');
  const lines = text.match(/^keyward_http_requests_in_flight.*$/gm);
  expect(lines).toHaveLength(8);
  expect(lines?.filter((line) => !line.endsWith(' 0'))).toEqual([
    'keyward_http_requests_in_flight{plane="operations",caller="anonymous"} 1',
  ]);
});

test('requests are counted by the path as documented, never as asked', async () => {
  const metrics = createMetrics();
  const http = await dataPlane({ metrics });
  await http.get('/scopes/ghost/jwks.json');
  await http.get('/anything');
  const told = await metrics.registry.metrics();
  expect(told).toContain(
    'keyward_http_requests_total{plane="data",route="/scopes/{scope}/jwks.json",status="404"} 1\n',
  );
  expect(told).toContain('keyward_http_requests_total{plane="data",route="none",status="404"} 1\n');
  expect(told).toContain('keyward_problems_total{code="unknown_scope"} 1\n');
  expect(told).not.toContain('ghost');
});
