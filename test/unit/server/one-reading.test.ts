import type { ServerResponse } from 'node:http';
import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { type Listener, listen } from '../../../src/server/listener.ts';
import { requireOneReading } from '../../../src/server/one-reading.ts';
import { PROBLEMS } from '../../../src/server/problem.ts';
import { onLoopback } from '../../support/on-loopback.ts';
import { RELEASED } from '../../support/payments.ts';
import { createDataPlane, dataPlaneDeps, publicReports } from '../../support/planes.ts';

let listener: Listener;

beforeAll(async () => {
  listener = await listen(
    (request, response) => {
      try {
        requireOneReading(request);
        answer(response, 200, 'taken');
      } catch (error) {
        if (!(error instanceof KeywardError)) throw error;
        answer(response, PROBLEMS[error.code].status, error.code);
      }
    },
    { host: '127.0.0.1', port: 0 },
    { problem: () => {} },
  );
});
afterAll(() => listener.close());

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { Connection: 'close', 'Content-Length': body.length }).end(body);
}

function answerTo(...headers: string[]): Promise<string> {
  return answerToRequest('POST / HTTP/1.1', headers, '0\r\n\r\n');
}

async function answerToRequest(line: string, headers: string[], body = ''): Promise<string> {
  const said = await conversation(listener.port, `${line}\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
  return `${said.slice(9, 12)} ${said.split('\r\n').at(-1)}`;
}

function conversation(port: number, said: string): Promise<string> {
  const socket = createConnection(port, '127.0.0.1');
  socket.end(said);
  return text(socket);
}

const HOST = 'Host: keyward.example';
const CHUNKED = 'Transfer-Encoding: chunked';

it.each([
  ['two Host lines', [HOST, CHUNKED, 'host: other.example']],
  ['two equal Host lines', [HOST, HOST, CHUNKED]],
  ['two Authorization lines', [HOST, CHUNKED, 'Authorization: Bearer a', 'authorization: Bearer b']],
  ['two Content-Type lines', [HOST, CHUNKED, 'Content-Type: application/json', 'Content-Type: text/plain']],
])('%s are refused as malformed', async (_, headers) => {
  expect(await answerTo(...headers)).toBe('400 malformed_request');
});

it.each(['Transfer-Encoding: gzip, chunked', 'Transfer-Encoding: deflate, chunked'])(
  '%j is not implemented',
  async (coding) => {
    expect(await answerTo(HOST, coding)).toBe('501 unsupported_transfer_coding');
  },
);

it.each([
  ['one line of each', [HOST, CHUNKED, 'Authorization: Bearer a', 'Content-Type: application/json']],
  ['chunked in capitals', [HOST, 'Transfer-Encoding: CHUNKED']],
  ['two lines of a header that is a list', [HOST, CHUNKED, 'If-None-Match: "a"', 'If-None-Match: "b"']],
])('%s passes', async (_, headers) => {
  expect(await answerTo(...headers)).toBe('200 taken');
});

it.each([
  ['HTTP/1.0', '400 malformed_request'],
  ['HTTP/2.0', '400 malformed_request'],
  ['HTTP/1.1', '200 taken'],
])('a transfer coding in %s: %s', async (version, outcome) => {
  expect(await answerToRequest(`POST / ${version}`, [HOST, CHUNKED], '0\r\n\r\n')).toBe(outcome);
});

it('HTTP/1.0 without a transfer coding, and without Host, passes', async () => {
  expect(await answerToRequest('GET / HTTP/1.0', [])).toBe('200 taken');
});

it('a plane ends the connection after a transfer coding in HTTP/1.0, and after no other request like it', async () => {
  const { listener: plane } = await onLoopback(createDataPlane(dataPlaneDeps(), publicReports()));
  const asked = (headers: string) =>
    conversation(
      plane.port,
      `POST /healthz HTTP/1.0\r\nConnection: keep-alive\r\n${headers}\r\n\r\n0\r\n\r\n`,
    );
  const refused = await asked(CHUNKED);
  expect(refused).toMatch(/^HTTP\/1.1 400 /);
  expect(refused).toContain('\r\nConnection: close\r\n');
  expect(await asked('Content-Length: 5')).toContain('\r\nConnection: keep-alive\r\n');
});

it.each([
  [CHUNKED, 0],
  ['Content-Length: 5', 1],
])('what follows an HTTP/1.0 request with %s is done %i times', async (length, times) => {
  const issue = vi.fn(async () => RELEASED);
  const { listener: plane } = await onLoopback(
    createDataPlane(dataPlaneDeps({ issuer: { issue } }), publicReports()),
  );
  const first = `POST /healthz HTTP/1.0\r\nConnection: keep-alive\r\n${length}\r\n\r\n0\r\n\r\n`;
  const second = [
    ...['POST /v1/scopes/payments/tokens HTTP/1.1', HOST, 'Authorization: Bearer signs'],
    ...['Content-Type: application/json', 'Content-Length: 13', '', '{"claims":{}}'],
  ];
  await conversation(plane.port, `${first}${second.join('\r\n')}`);
  expect(issue).toHaveBeenCalledTimes(times);
});

it.each([
  'GET http://other.example/',
  'GET http://keyward.example:80/',
  'GET http://user@keyward.example/',
  'GET http:///',
  'GET ftp://keyward.example/',
  'GET *',
  'GET /#',
  'GET /healthz?a#b',
  'GET http://keyward.example/#a',
  'OPTIONS http://other.example',
])('%s is refused, whose target has no one meaning', async (line) => {
  expect(await answerToRequest(`${line} HTTP/1.1`, [HOST])).toBe('400 malformed_request');
});

it.each([
  'GET /',
  'GET //a/b?c=http://other.example/@,',
  'GET http://keyward.example',
  'GET HTTPS://Keyward.Example/a?b',
  'GET http://keyward.example?b',
  'OPTIONS *',
  'OPTIONS /',
])('%s passes', async (line) => {
  expect(await answerToRequest(`${line} HTTP/1.1`, [HOST])).toBe('200 taken');
});

it.each([
  ...['a,b', 'a, b', 'a b', 'user@a', 'a/b', 'a\\b', 'a?b', 'a#b', 'a%2eb', 'ä'],
  ...[
    'a:b',
    'a:80:80',
    'a:-1',
    'a:65536',
    'a:99999',
    'a:000080',
    ':80',
    '::1',
    '[::1',
    '[::1]80',
    '[a',
    '[]',
  ],
])('Host: %s is refused', async (host) => {
  expect(await answerToRequest('GET / HTTP/1.1', [`Host: ${host}`])).toBe('400 malformed_request');
});

it.each([
  ...['', 'a', 'A.example.', 'my_host', 'xn--bcher-kva.example', 'a:', 'a:0', 'a:8080', 'a:65535'],
  ...['127.0.0.1', '127.0.0.1:80', '[::1]', '[2001:DB8::1]:443', '[::ffff:10.0.0.1]:8080'],
])('Host: %s passes', async (host) => {
  expect(await answerToRequest('GET / HTTP/1.1', [`Host: ${host}`])).toBe('200 taken');
});
