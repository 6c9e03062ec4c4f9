import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import type { SinkEntry } from '../../../src/audit/sink-line.ts';
import { createSyslogSink } from '../../../src/audit/sinks/syslog-sink.ts';
import { listenForLines } from '../../support/line-server.ts';

const CHECKPOINT: SinkEntry = { kind: 'checkpoint', number: 7, jws: 'é.b.c' };

async function listen() {
  const { close: closeServer, port, ...server } = await listenForLines();
  const sink = createSyslogSink({ host: '127.0.0.1', port });
  const close = () => {
    sink.reset();
    closeServer();
  };
  onTestFinished(close);
  return { ...server, sink, close };
}

it('frames each entry by its bytes, as RFC 5424 with the facility for audits', async () => {
  const { server, sink, heard } = await listen();
  const arrived = once(server, 'heard');
  await sink.write([CHECKPOINT]);
  await arrived;
  const text = heard().toString('utf8');
  const [, length, message] = /^(\d+) (.*)$/s.exec(text) ?? [];
  expect(Buffer.byteLength(message ?? '')).toBe(Number(length));
  expect(message).toMatch(/^<109>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ keyward \d+ checkpoint - \{/);
  const json = JSON.parse(message?.slice(message.indexOf('{')) ?? '');
  expect(json).toEqual({ checkpoint: { number: 7, jws: 'é.b.c' } });
});

it('cannot be read back', async () => {
  const { sink } = await listen();
  expect(await sink.tail()).toBeUndefined();
});

it('connects anew where the server ended the connection', async () => {
  const { server, sockets, sink } = await listen();
  let arrived = once(server, 'heard');
  await sink.write([CHECKPOINT]);
  await arrived;
  sink.reset();
  arrived = once(server, 'heard');
  await sink.write([CHECKPOINT]);
  await arrived;
  expect(sockets).toHaveLength(2);
});

it('fails where nobody listens', async () => {
  const { sink, close } = await listen();
  close();
  await expect(sink.write([CHECKPOINT])).rejects.toThrow('ECONNREFUSED');
});
