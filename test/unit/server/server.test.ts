import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ErrorCode } from '../../../src/kernel/errors.ts';
import { listen } from '../../../src/server/listener.ts';
import { onLoopback } from '../../support/on-loopback.ts';
import { RELEASED } from '../../support/payments.ts';
import { createDataPlane, dataPlaneDeps, LIMITS } from '../../support/planes.ts';
import { recordedLog } from '../../support/recorded-log.ts';

/** All that the server says until it ends the connection. */
function conversation(port: number, ...said: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  for (const text of said) socket.write(text);
  return untilEnd(socket);
}

function untilEnd(socket: Socket): Promise<string> {
  let heard = '';
  socket.on('data', (chunk) => {
    heard += chunk;
  });
  return new Promise((resolve, reject) => {
    socket.once('close', () => resolve(heard));
    socket.once('error', reject);
  });
}

function problemIn(answer: string) {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const [statusLine, ...headers] = head.split('\r\n');
  return { statusLine, headers, code: JSON.parse(body).code, bytes: Buffer.byteLength(body) };
}

const app = () => createDataPlane(dataPlaneDeps(), []);

test('what is not HTTP is answered 400 as a problem', async () => {
  const { listener, refused } = await onLoopback(app());
  const answer = problemIn(await conversation(listener.port, 'GARBAGE\r\n\r\n'));
  expect(answer.statusLine).toBe('HTTP/1.1 400 Bad Request');
  expect(answer.code).toBe('malformed_request');
  expect(answer.headers).toContain('Content-Type: application/problem+json');
  expect(answer.headers).toContain(`Content-Length: ${answer.bytes}`);
  expect(answer.headers).toContain('Connection: close');
  expect(refused).toEqual(['malformed_request']);
});

const withHeader = (bytes: number) => `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(bytes)}\r\n`;

test('headers beyond 8 KiB are answered 431 as a problem, smaller ones pass', async () => {
  const { listener } = await onLoopback(app());
  const refused = problemIn(await conversation(listener.port, `${withHeader(9_000)}\r\n`));
  expect([refused.statusLine, refused.code]).toEqual([
    'HTTP/1.1 431 Request Header Fields Too Large',
    'headers_too_large',
  ]);
  const passed = await conversation(listener.port, `${withHeader(7_000)}Connection: close\r\n\r\n`);
  expect(passed).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});

test.each([
  ['headers', 'GET /healthz HTTP/1.1\r\nHost: x\r\n'],
  [
    'body',
    'POST /v1/scopes/payments/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer signs\r\n' +
      'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"claims"',
  ],
])('a caller that never ends its %s is answered 408 as a problem', async (_part, beginning) => {
  const bounds = { headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 10 };
  const { listener } = await onLoopback(app(), bounds);
  const answer = problemIn(await conversation(listener.port, beginning));
  expect([answer.statusLine, answer.code]).toEqual(['HTTP/1.1 408 Request Timeout', 'request_timeout']);
});

test('a caller that does not read its answer is cut off, one that reads slowly is not', async () => {
  const size = 32 * 1024 * 1024;
  const closed = Promise.withResolvers<void>();
  const { listener } = await onLoopback(
    (request, response) => {
      request.socket.once('close', closed.resolve);
      response.end(Buffer.alloc(size));
    },
    { unreadMs: 2_000 },
  );
  const asking = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  const deaf = connect(listener.port, '127.0.0.1').pause();
  onTestFinished(() => void deaf.destroy());
  deaf.on('error', () => undefined).write(asking);
  await closed.promise;
  expect((await conversation(listener.port, asking)).length).toBeGreaterThan(size);
});

const BODY = '{"claims":{}}';
const ASKING =
  'POST /v1/scopes/payments/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer signs\r\n' +
  `Content-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

const LAST_ASKED = ASKING.replace('Host: x', 'Host: x\r\nConnection: close');

/** A data plane with one token request in flight, that `release` lets finish. */
async function withOneInFlight() {
  const started = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const issue = async () => {
    started.resolve();
    await release.promise;
    return RELEASED;
  };
  const served = await onLoopback(createDataPlane(dataPlaneDeps({ issuer: { issue } }), []));
  const answer = conversation(served.listener.port, ASKING);
  await started.promise;
  return { ...served, answer, release: release.resolve };
}

test('while draining, what is in flight finishes and what is new gets 503 on new connections and old', async () => {
  const { listener, refused, answer, release } = await withOneInFlight();
  const old = connect(listener.port, '127.0.0.1');
  const oldAnswer = untilEnd(old);
  const drained = listener.drain(60);
  old.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  for (const refusal of [await oldAnswer, await conversation(listener.port, ASKING)]) {
    const { statusLine, headers, code } = problemIn(refusal);
    expect([statusLine, code]).toEqual(['HTTP/1.1 503 Service Unavailable', 'shutting_down']);
    expect(headers).toContain('Connection: close');
    expect(headers).toContain('Retry-After: 1');
  }
  release();
  expect(await answer).toMatch(/^HTTP\/1\.1 201 Created\r\n.*Connection: close\r\n.*"token":"a\.b\.c"/s);
  await drained;
  expect(refused).toEqual(['shutting_down', 'shutting_down']);
  await expect(conversation(listener.port, ASKING)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a drain does not wait for connections that never said a word', async () => {
  const { listener } = await onLoopback(app());
  const silent = connect(listener.port, '127.0.0.1');
  await new Promise((resolve) => silent.once('connect', resolve));
  const ended = untilEnd(silent);
  await listener.drain(60);
  expect(await ended).toBe('');
});

test('what is still in flight when the drain is over is cut off', async () => {
  const { listener, answer, release } = await withOneInFlight();
  await listener.drain(0);
  await expect(answer).resolves.toBe('');
  release();
});

/** Two requests in flight on one connection, which is gone before either is answered. */
async function pipelinedAndGone(limits = LIMITS) {
  const started = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const release = Promise.withResolvers<void>();
  let asked = 0;
  const issue = async () => {
    started[asked++]?.resolve();
    await release.promise;
    return RELEASED;
  };
  const served = await onLoopback(createDataPlane(dataPlaneDeps({ issuer: { issue }, limits }), []));
  const socket = connect(served.listener.port, '127.0.0.1');
  socket.write(ASKING + ASKING);
  await Promise.all(started.map(({ promise }) => promise));
  socket.destroy();
  return { ...served, release: release.resolve };
}

test('a drain does not wait for pipelined requests whose connection is gone', async () => {
  const { listener, release } = await pipelinedAndGone();
  await listener.drain(60);
  release();
});

test('pipelined requests whose connection is gone are in flight no longer than their work', async () => {
  const { http, release } = await pipelinedAndGone({ ...LIMITS, requests_in_flight: 4 });
  const issue = () =>
    http.post('/v1/scopes/payments/tokens').set('Authorization', 'Bearer signs').send({ claims: {} });
  expect((await issue()).status).toBe(503);
  release();
  expect((await issue()).status).toBe(201);
});

test('a caller that hangs up in the middle of its body is told of in the log and in flight no more', async () => {
  const { log, lines } = recordedLog();
  const limits = { ...LIMITS, requests_in_flight: 1 };
  const { listener } = await onLoopback(createDataPlane(dataPlaneDeps({ log, limits }), []));
  const socket = connect(listener.port, '127.0.0.1');
  socket.end(ASKING.slice(0, -1));
  socket.resume();
  await vi.waitFor(() => expect(lines).toMatchObject([{ status: 408, code: 'request_timeout' }]));
  expect(await conversation(listener.port, LAST_ASKED)).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
});

test('an address that is taken is a matter of the configuration', async () => {
  const { listener } = await onLoopback(app());
  const config = { host: '127.0.0.1', port: listener.port };
  await expect(listen(app(), config, { problem: (_code: ErrorCode) => {} })).rejects.toMatchObject({
    code: 'invalid_config',
    message: `cannot listen on 127.0.0.1:${listener.port}`,
  });
});

test('a TLS file that cannot be read is a matter of the configuration', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'keyward-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const tls = { cert_file: join(directory, 'cert.pem'), key_file: join(directory, 'key.pem') };
  await expect(
    listen(app(), { host: '127.0.0.1', port: 0, tls }, { problem: () => {} }),
  ).rejects.toMatchObject({
    code: 'invalid_config',
    message: `tls: ${tls.cert_file} cannot be read (ENOENT); ${tls.key_file} cannot be read (ENOENT)`,
  });
});
