import type { ServerResponse } from 'node:http';
import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { type Listener, listen } from '../../../src/server/listener.ts';
import { requireOneReading } from '../../../src/server/one-reading.ts';
import { PROBLEMS } from '../../../src/server/problem.ts';

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

async function answerTo(...headers: string[]): Promise<string> {
  const socket = createConnection(listener.port, '127.0.0.1');
  socket.end(`POST / HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n0\r\n\r\n`);
  const said = await text(socket);
  return `${said.slice(9, 12)} ${said.split('\r\n').at(-1)}`;
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
