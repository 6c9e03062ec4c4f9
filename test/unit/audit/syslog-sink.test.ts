import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { createSyslogSink } from '../../../src/audit/sinks/syslog-sink.ts';
import type { SinkEntry } from '../../../src/domain/audit-sink.ts';

const CHECKPOINT: SinkEntry = { kind: 'checkpoint', number: 7, jws: 'é.b.c' };

/** A syslog server on loopback that keeps what it hears. */
async function listen() {
  const sockets: Socket[] = [];
  let heard = Buffer.alloc(0);
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk]);
      server.emit('heard');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sink = createSyslogSink({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  const close = () => {
    sink.reset();
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  onTestFinished(close);
  return { server, sockets, sink, close, heard: () => heard };
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
