import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProcessHandle } from '../../../src/signer/link/process-handle.ts';
import { remoteProcess } from '../../../src/signer/link/remote-process.ts';
import type { Request } from '../../../src/signer/protocol.ts';
import { FrameReader, frameOf, LARGEST_FRAME } from '../../../src/signer/wire/frames.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A signer that lets the front in, says that its processes have started, and from then on what a test wants. */
let server: Server;
let folder: ReturnType<typeof temporaryFolder>;
let socket: Socket;
let asked: object[];
let ends: [process: number, why: string][];
let one: ProcessHandle;
let other: ProcessHandle;

beforeEach(async () => {
  folder = temporaryFolder();
  asked = [];
  // Of this test alone: the connection of the one before ends late.
  const mine: typeof ends = [];
  ends = mine;
  const at = join(folder.path, 's.sock');
  server = createServer((accepted) => {
    socket = accepted;
    const reader = new FrameReader((message) => {
      asked.push(message as object);
      const { hello, start } = message as { hello?: number; start?: number };
      if (hello) accepted.write(frameOf({ welcome: 1 }));
      if (start) accepted.write(frameOf({ started: start, pid: 100 + start }));
    });
    accepted.on('data', (piece) => reader.push(piece));
    accepted.on('error', () => {});
    accepted.write(frameOf({ hello: 1 }));
  }).listen(at);
  await once(server, 'listening');
  const start = remoteProcess({ socket: at, user: String(process.getuid?.()), hsmToken: 'primary' });
  [one, other] = [1, 2].map((number) =>
    start(1, {
      said() {},
      printed() {},
      broken() {},
      closed() {},
      exited: (why) => void mine.push([number, why]),
    }),
  ) as [ProcessHandle, ProcessHandle];
  await vi.waitFor(() => expect([one.pid, other.pid]).toEqual([101, 102]), 10_000);
});
afterEach(async () => {
  vi.useRealTimers();
  socket.destroy();
  server.close();
  folder.remove();
});

const largeRequest = (id: number): Request => ({
  id,
  op: 'sign',
  takes: [['key', 'x'.repeat(LARGEST_FRAME / 2)]],
});
const closed = () => once(socket, 'close');

describe('a signer that hangs', () => {
  it('does not say that a process was killed: its connection ends, and all processes with it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    one.kill();
    vi.advanceTimersByTime(3_000);
    await closed();
    const why = 'the signer did not say that a process ended';
    expect(ends).toEqual([
      [1, why],
      [2, why],
    ]);
  });

  it('does not read: its connection ends', async () => {
    socket.pause();
    for (let id = 1; id <= 6; id += 1) one.send(largeRequest(id));
    const why = 'the signer does not read what it is asked';
    await vi.waitFor(() => expect(ends).toEqual([1, 2].map((number) => [number, why])));
    socket.resume();
    await closed();
  });
});

describe('a signer that is slow', () => {
  it('says in time that a process was killed: the other one goes on', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    one.kill();
    socket.write(frameOf({ ended: 1, why: 'killed by SIGKILL' }));
    vi.useRealTimers();
    await vi.waitFor(() => expect(ends).toEqual([[1, 'killed by SIGKILL']]));
    other.leave();
    await vi.waitFor(() => expect(asked).toContainEqual({ leave: 2 }));
    expect(ends).toHaveLength(1);
  });

  it('reads much that is under way: the connection goes on', async () => {
    for (let id = 1; id <= 2; id += 1) one.send(largeRequest(id));
    await vi.waitFor(() => expect(asked).toHaveLength(5), 10_000);
    expect(ends).toEqual([]);
  });
});
