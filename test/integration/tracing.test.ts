import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { keyward } from '../support/command-line.ts';
import { type ReceivedSpan, receiveOtlp } from '../support/otlp-receiver.ts';
import { type Launch, type RunningService, serveOn, startService } from '../support/running-service.ts';
import { SOURCE } from '../support/service-program.ts';
import { query } from '../support/store-database.ts';

const PATIENCE = { timeout: 60_000, interval: 100 };
const WATCHED = new URL('../support/loaded-packages.ts', import.meta.url).href;
const CALLER = 'b7ad6b7169203331';

let ground: RunningService;
let clients: { sign: string; verify: string };
let traces = 0;

beforeAll(async () => {
  ground = await startService();
  clients = await ground.provision({ id: 'payments' });
  await ground.stop();
}, 120_000);
afterAll(() => ground.remove());

/** The service on the same ground, traced as the settings say, for one test. */
async function serving(tracing: object | undefined, launch?: Launch): Promise<RunningService> {
  const { tracing: _before, ...config } = parse(readFileSync(ground.configFile, 'utf8'));
  const members = { ...config, log: { level: 'debug' }, ...(tracing && { tracing }) };
  writeFileSync(ground.configFile, stringify(members));
  return serveOn(ground, launch);
}

function newTrace(): string {
  traces += 1;
  return traces.toString(16).padStart(32, '0af7');
}

const traced = (traceId: string, flags = '01') => ({ traceparent: `00-${traceId}-${CALLER}-${flags}` });

async function ask(
  url: string,
  headers: Record<string, string>,
  { credential, body }: { credential?: string; body?: object } = {},
) {
  const response = await fetch(url, {
    ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
    headers: {
      ...(credential ? { authorization: `Bearer ${credential}` } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests assert what they need of it
  const answer: any = await response.json();
  return { status: response.status, headers: response.headers, body: answer };
}

const SUBJECT = 'alice@example.com';
const issue = (service: RunningService, headers: Record<string, string>) =>
  ask(`${service.dataUrl}/v1/scopes/payments/tokens`, headers, {
    credential: clients.sign,
    body: { claims: { sub: SUBJECT, department: 'cardiology' } },
  });

async function recordedTrace(service: RunningService, jti: string): Promise<string | null> {
  const { body } = await service.operations('GET', `/v1/admin/ledger?jti=${jti}`);
  return body.records[0].trace_id;
}

function tree(spans: readonly ReceivedSpan[], parent: string): object {
  const below = spans.filter(({ parentSpanId }) => parentSpanId === parent);
  return Object.fromEntries(below.map(({ name, spanId }) => [name, tree(spans, spanId)]));
}

it('a token is one trace, joined to that of its caller, and on record with it', async () => {
  const collector = await receiveOtlp();
  const headers_file = join(ground.hsm.folder, 'headers');
  writeFileSync(headers_file, 'authorization: Bearer s3cret\n', { mode: 0o600 });
  const service = await serving({
    endpoint: collector.endpoint,
    headers_file,
    sample_ratio: 0,
    export_seconds: 1,
  });
  const ofTrace = (traceId: string) => collector.spans().filter((span) => span.traceId === traceId);

  const signing = newTrace();
  const issued = await issue(service, { ...traced(signing), 'x-request-id': 'req-17' });
  expect(issued.status).toBe(201);
  await expect.poll(() => ofTrace(signing).length, PATIENCE).toBe(7);
  const spans = ofTrace(signing);
  const route = 'POST /v1/scopes/{scope}/tokens';
  expect(tree(spans, CALLER)).toEqual({
    [route]: {
      check_policy: {},
      sign: { wait_for_signer: {} },
      check_signature: {},
      record: { wait_for_writer: {} },
    },
  });
  const http = spans.find(({ name }) => name === route);
  expect(http?.attributes).toEqual({
    'http.request.method': 'POST',
    'http.route': '/v1/scopes/{scope}/tokens',
    'http.response.status_code': 201,
    'keyward.plane': 'data',
    'keyward.request_id': 'req-17',
    'keyward.caller': 'payments-sign',
  });
  expect(issued.headers.get('traceresponse')).toBe(`00-${signing}-${http?.spanId}-01`);
  expect(await recordedTrace(service, issued.body.jti)).toBe(signing);
  expect(await service.logged(({ trace_id }) => trace_id === signing)).toMatchObject({
    request_id: 'req-17',
  });

  const verifying = newTrace();
  const verdict = await ask(`${service.dataUrl}/v1/scopes/payments/verify`, traced(verifying), {
    credential: clients.verify,
    body: { token: issued.body.token },
  });
  expect(verdict.body.valid).toBe(true);
  await expect.poll(() => ofTrace(verifying).length, PATIENCE).toBe(3);
  expect(tree(ofTrace(verifying), CALLER)).toEqual({
    'POST /v1/scopes/{scope}/verify': { verify_token: {}, look_up_record: {} },
  });

  const acting = newTrace();
  const act = await ask(`${service.operationsUrl}/v1/admin/clients`, traced(acting), {
    credential: service.operator,
    body: { id: 'traced', description: '' },
  });
  expect(act.status).toBe(201);
  const { events } = (await service.operations('GET', '/v1/admin/audit?limit=1000')).body;
  expect(events.filter((each: { trace_id: string }) => each.trace_id === acting)).toMatchObject([
    { type: 'client.created', subject: 'client:traced' },
  ]);

  // Nobody has a request traced without a credential; the probes of a balancer are no requests.
  const [anonymous, refused] = [newTrace(), newTrace()];
  expect((await ask(`${service.dataUrl}/scopes/payments/jwks.json`, traced(anonymous))).status).toBe(200);
  const body = { claims: {} };
  expect((await ask(`${service.dataUrl}/v1/scopes/payments/tokens`, traced(refused), { body })).status).toBe(
    401,
  );
  expect((await ask(`${service.dataUrl}/readyz`, traced(newTrace()))).status).toBe(200);

  for (const traceparent of [
    '',
    'x'.repeat(4_000),
    `00-${'0'.repeat(32)}-${CALLER}-01`,
    `00-${newTrace().toUpperCase()}-${CALLER}-01`,
    `00-${newTrace()}-${CALLER}-01-more`,
    `00-${newTrace()}-${CALLER}-01, 00-${newTrace()}-${CALLER}-01`,
  ]) {
    const { status, body, headers } = await issue(service, {
      traceparent,
      tracestate: `;=,${'x'.repeat(600)}`,
    });
    expect([status, headers.get('traceresponse'), await recordedTrace(service, body.jti)]).toEqual([
      201,
      null,
      null,
    ]);
  }

  const last = newTrace();
  expect((await issue(service, traced(last))).status).toBe(201);
  expect(await service.stop()).toBe(0);
  // What waited when the service was stopped is sent.
  expect(ofTrace(last).length).toBe(7);
  expect(new Set(collector.spans().map(({ traceId }) => traceId))).toEqual(
    new Set([signing, verifying, acting, last]),
  );
  expect(collector.metrics().get('keyward_tokens_issued_total')).toMatchObject({
    sum: { isMonotonic: true, dataPoints: [{ asDouble: 8 }] },
  });
  const sent = collector.received.map(({ body }) => body).join('\n');
  const secrets = [
    issued.body.token,
    issued.body.jti,
    SUBJECT,
    'cardiology',
    clients.sign,
    service.operator,
    's3cret',
  ];
  expect(secrets.filter((secret) => sent.includes(secret))).toEqual([]);
  expect(JSON.stringify(service.log)).not.toContain('s3cret');
  expect(collector.received.every(({ headers }) => headers.authorization === 'Bearer s3cret')).toBe(true);
});

it('a batch is one trace; of many tokens the first have spans, and all are on record with it', async () => {
  const collector = await receiveOtlp();
  const service = await serving({ endpoint: collector.endpoint, metrics_seconds: null });
  const traceId = newTrace();
  const { body } = await ask(`${service.dataUrl}/v1/scopes/payments/tokens/batch`, traced(traceId), {
    credential: clients.sign,
    body: { requests: Array.from({ length: 20 }, () => ({ claims: { sub: SUBJECT } })) },
  });
  const recorded = await Promise.all(
    body.results.map(({ jti }: { jti: string }) => recordedTrace(service, jti)),
  );
  expect(new Set(recorded)).toEqual(new Set([traceId]));
  await service.stop();
  expect(collector.spans().filter(({ name }) => name === 'issue_token')).toHaveLength(8);
});

it('a collector that hangs keeps nobody waiting', async () => {
  const collector = await receiveOtlp();
  collector.always('hang');
  const service = await serving({
    endpoint: collector.endpoint,
    sample_ratio: 1,
    export_seconds: 1,
    queue: 64,
  });
  for (let token = 0; token < 30; token += 1) expect((await issue(service, {})).status).toBe(201);
  expect(await service.stop()).toBe(0);
});

it('without an endpoint nothing of it is loaded; the trace id of a caller is on record all the same', async () => {
  const file = join(ground.hsm.folder, 'packages.json');
  const launch = { flags: [`--import=${WATCHED}?file=${file}`], commandLine: SOURCE };
  const packages = () => JSON.parse(readFileSync(file, 'utf8')) as readonly string[];
  // prom-client brings the API alone, which does nothing by itself.
  const isOfIt = (name: string) => name.startsWith('@opentelemetry/') && name !== '@opentelemetry/api';
  const service = await serving(undefined, launch);
  const traceId = newTrace();
  const { status, body, headers } = await issue(service, traced(traceId, '00'));
  expect([status, headers.get('traceresponse')]).toEqual([201, null]);
  expect(await recordedTrace(service, body.jti)).toBe(traceId);
  expect(await service.stop()).toBe(0);
  expect(packages()).toContain('express');
  expect(packages().filter(isOfIt)).toEqual([]);

  const collector = await receiveOtlp();
  await (await serving({ endpoint: collector.endpoint }, launch)).stop();
  expect(packages().filter(isOfIt)).toContain('@opentelemetry/sdk-trace');
});

it.each([
  ['audit', 'UPDATE audit_events SET trace_id = NULL WHERE trace_id IS NOT NULL RETURNING 1', 'bad_row'],
  ['ledger', 'UPDATE issuance_records SET trace_id = zeroblob(16) WHERE sequence = 1 RETURNING 1', 'bad_row'],
])('the hashes of the %s cover the trace id', async (part, change, fault) => {
  const [database, copy] = ['keyward.db', `${part}.db`].map((name) => join(ground.hsm.folder, name));
  query(database ?? '', `VACUUM INTO '${copy}'`);
  const findings = async () => {
    const argv = ['audit', 'verify', '--json', '--database', copy ?? ''];
    const { out } = await keyward(argv, { environment: { configFile: ground.configFile } });
    return JSON.parse(out).findings;
  };
  expect(await findings()).toEqual([]);
  query(copy ?? '', change);
  expect(await findings()).toContainEqual(expect.objectContaining({ part, fault }));
});
