import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FrameReader, frameOf } from '../../../../src/signer/wire/frames.ts';
import { FakeSetup } from '../../../support/fake-signer-link.ts';

let setup: FakeSetup;
beforeEach(async () => {
  setup = await FakeSetup.make({}, true);
});
afterEach(async () => {
  vi.useRealTimers();
  await setup.close();
});

interface Front {
  readonly socket: Socket;
  readonly told: readonly unknown[];
  readonly heard: Promise<unknown[]>;
  readonly first: Promise<unknown>;
}

/** A front that says what it likes, and all that it is told until the signer closes. */
async function front(): Promise<Front> {
  const socket = connect(join(setup.token, 'signer.sock'));
  const messages: unknown[] = [];
  const first = Promise.withResolvers<unknown>();
  const reader = new FrameReader((message) => {
    messages.push(message);
    first.resolve(message);
  });
  socket.on('data', (piece) => reader.push(piece));
  socket.on('error', () => {});
  // Whether in order or by a reset.
  const heard = new Promise<unknown[]>((resolve) => socket.once('close', () => resolve(messages)));
  await once(socket, 'connect');
  return { socket, told: messages, heard, first: first.promise };
}

const HELLO = frameOf({ hello: 1, token: 'primary' });
const WELCOME = { welcome: 1 };

/** A front with one process; its number. */
async function frontWithProcess(): Promise<Front & { readonly pid: number }> {
  const one = await front();
  one.socket.write(HELLO);
  await vi.waitFor(() => expect(one.told).toContainEqual(WELCOME));
  one.socket.write(frameOf({ start: 1, sessions: 1 }));
  const pid = await vi.waitFor(() => {
    const started = one.told.find(isStarted);
    if (!started) throw new Error('not yet');
    return started.pid;
  });
  return { ...one, pid };
}

function isStarted(message: unknown): message is { readonly started: number; readonly pid: number } {
  return Object.hasOwn(message as object, 'started');
}

describe('a greeting', () => {
  it.each([
    ['of a token that it has not', frameOf({ hello: 1, token: 'other' }), 'it has no HSM token other'],
    ['of another version', frameOf({ hello: 2, token: 'primary' }), 'this is no greeting of a front'],
    ['that is something else', frameOf({ start: 1, sessions: 1 }), 'this is no greeting of a front'],
    ['that is too long', frameOf({ hello: 1, token: 'x'.repeat(2_000) }), 'this is no greeting of a front'],
  ])('%s is refused', async (_, greeting, refused) => {
    const { socket, heard } = await front();
    socket.write(greeting);
    expect(await heard).toEqual([{ hello: 1 }, { refused }]);
  });
});

describe('a front that was let in', () => {
  it.each([
    [
      'bytes that are no frame',
      Buffer.from('GET / HTTP/1.1\r\n'),
      'the front sent a frame of 1195725856 bytes',
    ],
    ['a frame that is no JSON', Buffer.from([0, 0, 0, 1, 0x7b]), 'the front sent a frame that is no JSON'],
    ['an unknown message', frameOf({ open: 1 }), 'the front sent what is no message'],
    [
      'a settings path',
      frameOf({ start: 1, sessions: 1, file: '/etc/x' }),
      'the front sent what is no message',
    ],
    [
      'one number for two processes',
      Buffer.concat([frameOf({ start: 1, sessions: 1 }), frameOf({ start: 1, sessions: 1 })]),
      'the front gave a number twice',
    ],
  ])('%s ends its connection, and the next front is let in', async (_, bytes, refused) => {
    const { socket, heard } = await front();
    socket.write(Buffer.concat([HELLO, bytes]).subarray(0, HELLO.length));
    await vi.waitFor(() =>
      expect(setup.lines.filter(({ message }) => message === 'front connected')).toHaveLength(1),
    );
    socket.write(bytes);
    expect((await heard).at(-1)).toEqual({ refused });
    await setup.link.start();
    expect(setup.link.state()).toBe('ready');
  });

  it('has four processes at most', async () => {
    const { socket, heard } = await front();
    socket.write(HELLO);
    await vi.waitFor(() =>
      expect(setup.lines.filter(({ message }) => message === 'front connected')).toHaveLength(1),
    );
    socket.write(Buffer.concat([1, 2, 3, 4, 5].map((start) => frameOf({ start, sessions: 1 }))));
    await vi.waitFor(() =>
      expect(setup.lines.filter(({ message }) => message === 'process started')).toHaveLength(4),
    );
    socket.end();
    expect(await heard).toContainEqual({ ended: 5, why: '4 processes of this front are running' });
  });
});

describe('three fronts that wait for one whose process has not ended', () => {
  let waiting: Front[];
  beforeEach(async () => {
    const { socket, pid } = await frontWithProcess();
    // It does not leave: the host kills it in the end.
    process.kill(pid, 'SIGSTOP');
    socket.destroy();
    await vi.waitFor(() =>
      expect(setup.lines).toContainEqual({ log: 'info', message: 'front disconnected' }),
    );
    waiting = await Promise.all([1, 2, 3].map(front));
    for (const each of waiting) each.socket.write(HELLO);
  });

  it('one is let in, the others are told why not, and all ends with the signer', async () => {
    await vi.waitFor(() => expect(waiting.every(({ told }) => told.length > 1)).toBe(true), 10_000);
    const refused = { refused: `another front is connected, process ${process.pid}` };
    const said = waiting.map(({ told }) => JSON.stringify(told[1])).sort();
    expect(said).toEqual([refused, refused, WELCOME].map((each) => JSON.stringify(each)));
    const admitted = waiting.find(({ told }) => JSON.stringify(told[1]) === JSON.stringify(WELCOME)) as Front;
    admitted.socket.write(frameOf({ start: 1, sessions: 1 }));
    await vi.waitFor(() => expect(admitted.told.some(isStarted)).toBe(true));
    await setup.stopHost();
    expect((await admitted.heard).at(-1)).toEqual({ refused: 'the signer is stopping' });
    const ended = setup.lines.filter(({ message }) => message === 'process ended');
    expect(ended).toHaveLength(2);
  });

  it('none is let in where the signer stops meanwhile', async () => {
    await setup.stopHost();
    const heard = await Promise.all(waiting.map((each) => each.heard));
    expect(heard.flat()).not.toContainEqual(WELCOME);
  });
});

describe('a front that does the same again and again', () => {
  const DAY_MS = 86_400_000;

  it('has its processes started no faster by connecting anew', async () => {
    await setup.stopHost();
    await setup.startHost({ starts: { most: 1, everyMs: DAY_MS } });
    const one = await frontWithProcess();
    one.socket.destroy();
    const { socket, told } = await front();
    socket.write(HELLO);
    await vi.waitFor(() => expect(told).toContainEqual(WELCOME), 10_000);
    socket.write(frameOf({ start: 1, sessions: 1 }));
    await vi.waitFor(() => expect(told).toContainEqual({ ended: 1, why: 'processes are started too often' }));
  });

  it('has its refusals counted, and told once in a second', async () => {
    const refusals: unknown[] = [];
    await setup.stopHost();
    await setup.startHost({ log: (_, message, { times }) => void refusals.push({ message, times }) });
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    for (let at = 0; at < 5; at += 1) {
      const { socket, heard } = await front();
      socket.write(frameOf({ hello: 1, token: `other-${at}` }));
      await heard;
    }
    const message = 'a front was refused';
    expect(refusals).toEqual([{ message, times: undefined }]);
    await setup.stopHost();
    expect(refusals.slice(1)).toEqual([{ message, times: 4 }]);
  });
});

it('whatever a front sends, the next one is served', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
          fc.jsonValue().map(frameOf),
          fc.record({ to: fc.nat(3), request: fc.jsonValue() }).map(frameOf),
        ),
        { maxLength: 6 },
      ),
      fc.boolean(),
      async (pieces, greets) => {
        const { socket, heard, first } = await front();
        expect(await first).toEqual({ hello: 1 });
        socket.end(Buffer.concat([...(greets ? [HELLO] : []), ...pieces]));
        await heard;
      },
    ),
    { numRuns: 30 },
  );
  await setup.link.start();
  expect(await setup.link.sign({ kid: 'key', signingInput: 'input' })).toEqual(
    Buffer.from('key signed input'),
  );
});

describe('the signer goes', () => {
  it('and comes again: the link is away meanwhile, and serves after', async () => {
    await setup.link.start();
    await setup.stopHost();
    await setup.until('away');
    expect(setup.of('replaced')).toEqual([
      { type: 'replaced', why: 'the signer refused: the signer is stopping' },
    ]);
    await setup.startHost();
    await setup.until('ready', 2);
    expect(setup.link.state()).toBe('ready');
  });
});
