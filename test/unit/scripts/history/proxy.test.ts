import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { FaultyProxy } from '../../../../scripts/history/proxy.ts';
import { folderOfTest } from '../../../support/folder-of-test.ts';

/** Answers everything with its name before it. */
async function serverNamed(name: string): Promise<string> {
  const path = join(folderOfTest(), 'socket');
  const server = createServer((socket) => {
    socket.on('error', () => {}).on('data', (bytes) => socket.write(`${name}:${bytes}`));
  });
  server.listen(path);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return path;
}

async function proxyTo(target: string): Promise<FaultyProxy> {
  const proxy = await FaultyProxy.listen(target);
  onTestFinished(() => proxy.close());
  return proxy;
}

async function connected(proxy: FaultyProxy): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

async function asked(socket: Socket, question: string): Promise<string> {
  const answer = once(socket, 'data');
  socket.write(question);
  return String((await answer)[0]);
}

/** Unlike `once`, it does not mind the reset. */
function closeOf(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve));
}

it('leads new connections elsewhere, and leaves those that stand', async () => {
  const proxy = await proxyTo(await serverNamed('old'));
  const before = await connected(proxy);
  expect(await asked(before, 'a')).toBe('old:a');
  proxy.pointAt(await serverNamed('new'));
  expect(await asked(before, 'b')).toBe('old:b');
  expect(await asked(await connected(proxy), 'c')).toBe('new:c');
});

it.each(['to_server', 'to_front'] as const)(
  'holds back what goes %s, and lets it go in order',
  async (way) => {
    const proxy = await proxyTo(await serverNamed('s'));
    const socket = await connected(proxy);
    let heard = '';
    socket.on('data', (bytes: Buffer) => {
      heard += bytes;
    });
    proxy.hold(way);
    for (const question of ['a', 'b']) socket.write(question);
    const other = await connected(await proxyTo(await serverNamed('other')));
    await asked(other, 'time passes');
    expect(heard).toBe('');
    proxy.release();
    await expect.poll(() => heard.replaceAll('s:', '')).toBe('ab');
  },
);

it('resets a connection in place of the answer to a large message, and no other', async () => {
  const proxy = await proxyTo(await serverNamed('s'));
  const [one, other] = [await connected(proxy), await connected(proxy)];
  proxy.resetAnswers(1);
  expect(await asked(one, 'small')).toBe('s:small');
  const closed = closeOf(one);
  one.write('x'.repeat(2_000));
  await closed;
  expect(await asked(other, 'small')).toBe('s:small');
});

it('refuses connections, those that stand and those to come, until it is released', async () => {
  const proxy = await proxyTo(await serverNamed('s'));
  const before = await connected(proxy);
  await asked(before, 'a');
  const closed = closeOf(before);
  proxy.refuse();
  await closed;
  const during = connect(proxy.port, '127.0.0.1').on('error', () => {});
  await closeOf(during);
  proxy.release();
  expect(await asked(await connected(proxy), 'b')).toBe('s:b');
});

it('cuts the connections that are chosen', async () => {
  const proxy = await proxyTo(await serverNamed('s'));
  const [one, other] = [await connected(proxy), await connected(proxy)];
  for (const socket of [one, other]) await asked(socket, 'a');
  const closed = closeOf(one);
  let chosen = 0;
  proxy.cut(() => chosen++ === 0);
  await closed;
  expect(await asked(other, 'b')).toBe('s:b');
  expect(proxy.connections).toBe(1);
});
