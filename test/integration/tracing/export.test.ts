import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { TracedRequest } from '../../../src/kernel/trace.ts';
import { createMetrics } from '../../../src/metrics/metrics.ts';
import { createLogger } from '../../../src/server/logger.ts';
import { openTracing } from '../../../src/tracing/index.ts';
import { type TracingSettings, tracingSection } from '../../../src/tracing/settings.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { receiveOtlp } from '../../support/otlp-receiver.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const PATIENCE = { timeout: 30_000, interval: 20 };
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const REQUEST: TracedRequest = {
  name: 'POST /v1/scopes/{scope}/tokens',
  parent: { traceId: TRACE, spanId: 'b7ad6b7169203331', isSampled: true },
  state: 'vendor=1',
  isAuthenticated: true,
  startedAt: 0,
};

function folder(): string {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  return path;
}

async function tracing(settings: Partial<TracingSettings>) {
  const lines: string[] = [];
  const log = createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } });
  const metrics = createMetrics();
  const section = tracingSection.parse({ sample_ratio: 1, export_seconds: 1, ...settings });
  const opened = await openTracing({ config: { tracing: section }, metrics, log });
  onTestFinished(() => opened.stop?.());
  const request = (changes: Partial<TracedRequest> = {}) =>
    opened.tracer?.request({ ...REQUEST, startedAt: performance.now(), ...changes });
  const counted = async (name: string, labels: object) =>
    (await metrics.registry.getSingleMetric(name)?.get())?.values.find(
      (each) => JSON.stringify(each.labels) === JSON.stringify(labels),
    )?.value ?? 0;
  const told = () => lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg !== 'tracing is on');
  return {
    ...opened,
    request,
    lines,
    told,
    lost: (why: string) => counted('keyward_spans_lost_total', { why }),
    counted,
  };
}

it('sends a request and its steps as one trace, which goes on with that of the caller', async () => {
  const collector = await receiveOtlp();
  const { request, stop } = await tracing({ endpoint: collector.endpoint, service_name: 'signing' });
  const root = request();
  expect(root?.traceId).toBe(TRACE);
  const step = root?.begin('sign');
  step?.begin('wait_for_signer').end();
  step?.end(new KeywardError('hsm_unavailable', 'the HSM of room 4 is away'));
  root?.set({ 'http.response.status_code': 503, 'keyward.request_id': 'req-1' });
  root?.end();
  await stop?.();
  const spans = collector.spans();
  expect(
    spans.map(({ name, traceId, kind, isError, attributes }) => ({
      name,
      traceId,
      kind,
      isError,
      attributes,
    })),
  ).toEqual([
    { name: 'wait_for_signer', traceId: TRACE, kind: 1, isError: false, attributes: {} },
    { name: 'sign', traceId: TRACE, kind: 1, isError: true, attributes: { 'error.type': 'hsm_unavailable' } },
    {
      name: 'POST /v1/scopes/{scope}/tokens',
      traceId: TRACE,
      kind: 2,
      isError: false,
      attributes: { 'http.response.status_code': 503, 'keyward.request_id': 'req-1' },
    },
  ]);
  const [waiting, sign, http] = spans;
  expect([waiting?.parentSpanId, sign?.parentSpanId, http?.parentSpanId]).toEqual([
    sign?.spanId,
    http?.spanId,
    'b7ad6b7169203331',
  ]);
  expect(root?.traceparent).toBe(`00-${TRACE}-${http?.spanId}-01`);
  expect(http?.traceState).toBe('vendor=1');
  expect(collector.resource()).toMatchObject({ 'service.name': 'signing' });
  for (const { startMs, endMs } of spans) expect(endMs).toBeGreaterThanOrEqual(startMs);
});

it('leaves out a tracestate that is too long, and one that is none', async () => {
  const collector = await receiveOtlp();
  const { request, stop } = await tracing({ endpoint: collector.endpoint });
  for (const state of [`vendor=${'1'.repeat(512)}`, '=;=,,\u0000', undefined]) request({ state })?.end();
  await stop?.();
  expect(collector.spans().map(({ traceState }) => traceState || undefined)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it('sends the metrics of the registry', async () => {
  const collector = await receiveOtlp();
  const { stop } = await tracing({ endpoint: collector.endpoint });
  await stop?.();
  expect([...collector.metrics().keys()]).toContain('keyward_tokens_issued_total');
});

it('sends no metrics where none are wanted', async () => {
  const collector = await receiveOtlp();
  const { request, stop } = await tracing({ endpoint: collector.endpoint, metrics_seconds: null });
  request()?.end();
  await stop?.();
  expect(collector.received.map(({ url }) => url)).toEqual(['/v1/traces']);
});

it('sends the headers of the file, read each time, and logs nothing of them', async () => {
  const collector = await receiveOtlp();
  const headers_file = join(folder(), 'headers');
  writeFileSync(headers_file, 'authorization: Bearer s3cret-1\n', { mode: 0o600 });
  const { request, lines, stop } = await tracing({ endpoint: collector.endpoint, headers_file });
  request()?.end();
  await expect.poll(() => collector.spans().length, PATIENCE).toBe(1);
  writeFileSync(headers_file, 'authorization: Bearer s3cret-2\n');
  collector.always(401);
  request()?.end();
  await expect.poll(() => collector.spans().length, PATIENCE).toBe(2);
  await stop?.();
  const sent = collector.received
    .filter(({ url }) => url === '/v1/traces')
    .map(({ headers }) => headers.authorization);
  expect(sent).toEqual(['Bearer s3cret-1', 'Bearer s3cret-2']);
  expect(lines.join('\n')).toContain('the collector answered 401');
  expect(lines.join('\n')).not.toContain('s3cret');
});

it.each([401, 503, { redirectTo: 'http://127.0.0.1:1/' }] as const)(
  'a collector that answers %s costs spans, which are counted, and is told of once',
  async (reaction) => {
    const collector = await receiveOtlp();
    collector.always(reaction);
    const { request, told, lost, counted } = await tracing({
      endpoint: collector.endpoint,
      metrics_seconds: null,
    });
    for (let round = 1; round <= 2; round += 1) {
      request()?.end();
      await expect.poll(() => lost('collector'), PATIENCE).toBe(round);
    }
    collector.always(200);
    request()?.end();
    await expect
      .poll(() => told().map(({ msg }) => msg), PATIENCE)
      .toEqual([
        'spans cannot be sent to the collector, and are lost',
        'spans are sent to the collector again',
      ]);
    expect(await lost('collector')).toBe(2);
    expect(await counted('keyward_telemetry_exports_total', { signal: 'traces', outcome: 'failed' })).toBe(2);
  },
);

it('a collector that is away costs spans, and nothing else', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const { request, told, lost } = await tracing({
    endpoint: `http://127.0.0.1:${port}`,
    metrics_seconds: null,
  });
  request()?.end();
  await expect.poll(() => lost('collector'), PATIENCE).toBe(1);
  expect(told()[0].err.message).toBe('the collector could not be reached (ECONNREFUSED)');
});

it('a collector that hangs is given up; what does not fit the queue meanwhile is lost, and counted', async () => {
  const collector = await receiveOtlp();
  collector.always('hang');
  const { request, lost, told } = await tracing({
    endpoint: collector.endpoint,
    queue: 64,
    deadline_ms: 2_000,
    metrics_seconds: null,
  });
  for (let span = 0; span < 100; span += 1) request()?.end();
  expect(await lost('queue')).toBe(36);
  await expect.poll(() => lost('collector'), PATIENCE).toBe(64);
  expect(told()[0].err.message).toBe('the collector could not be reached (no answer within 2000 ms)');
  collector.always(200);
  request()?.end();
  await expect.poll(() => collector.received.length, PATIENCE).toBeGreaterThan(1);
  expect(await lost('queue')).toBe(36);
});

it('a collector that hangs does not keep a service from its end', async () => {
  const collector = await receiveOtlp();
  collector.always('hang');
  const { request, stop } = await tracing({ endpoint: collector.endpoint, deadline_ms: 60_000 });
  request()?.end();
  await stop?.();
  expect(collector.received.length).toBeGreaterThan(0);
});

it('trusts the authorities of the file alone', async () => {
  const certificates = folder();
  makeCertificates(certificates);
  const pem = (name: string) => readFileSync(join(certificates, name));
  const collector = await receiveOtlp({ cert: pem('server.pem'), key: pem('server.key') });
  const ca_file = join(certificates, 'server.pem');
  const { request, stop } = await tracing({ endpoint: collector.endpoint, ca_file, metrics_seconds: null });
  request()?.end();
  await stop?.();
  expect(collector.spans()).toHaveLength(1);
  const other = await tracing({ endpoint: collector.endpoint, metrics_seconds: null });
  other.request()?.end();
  await expect.poll(() => other.lost('collector'), PATIENCE).toBe(1);
});

it('begins no trace, and loads nothing, without an endpoint', async () => {
  expect((await tracing({})).tracer).toBeUndefined();
});
