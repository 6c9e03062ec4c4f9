import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { answerClientError } from '../../../src/server/listener.ts';

const rubbish = Object.assign(new Error('Parse Error'), { code: 'HPE_INVALID_METHOD' });

function connection() {
  const said: string[] = [];
  const socket = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      said.push(String(chunk));
      done();
    },
  });
  return { socket, said };
}

function answerTo(request: { complete: boolean }): ServerResponse {
  return new ServerResponse(Object.assign(new IncomingMessage(new Socket()), request));
}

test('rubbish after a request in flight ends the connection after the answer, not before', () => {
  const { socket, said } = connection();
  const answer = answerTo({ complete: true });
  answerClientError(rubbish, socket, new Set([answer]), { problem: () => {} });
  expect([said, socket.destroyed, answer.shouldKeepAlive]).toEqual([[], false, false]);
});

test('rubbish within the request itself is answered', () => {
  const { socket, said } = connection();
  answerClientError(rubbish, socket, new Set([answerTo({ complete: false })]), { problem: () => {} });
  expect(said.join('')).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
});

test('a connection that was reset is let go without a word', () => {
  const { socket, said } = connection();
  const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
  answerClientError(reset, socket, new Set(), { problem: () => {} });
  expect([said, socket.destroyed]).toEqual([[], true]);
});
