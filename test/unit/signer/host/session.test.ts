import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Session } from '../../../../src/signer/host/session.ts';
import type { ProcessEvents } from '../../../../src/signer/link/process-handle.ts';
import { FrameReader } from '../../../../src/signer/wire/frames.ts';

const OPENING_MS = 15_000;
const OPEN = { to: 1, request: { id: 1, op: 'open', takes: { sessions: 1, otherBindingKeys: [] } } };
const DESCRIBE = { to: 1, request: { id: 2, op: 'describe', takes: null } };
const ANSWER = { id: 1, gives: {} };

interface FakeProcess {
  readonly events: ProcessEvents;
  readonly asked: number[];
  readonly isKilled: boolean;
}

let processes: FakeProcess[];
let told: unknown[];
let lines: { level: string; message: string }[];
let session: Session;

beforeEach(() => {
  vi.useFakeTimers();
  [processes, told, lines] = [[], [], []];
  session = sessionWith();
});
afterEach(() => {
  vi.useRealTimers();
});

function sessionWith(changes: Partial<ConstructorParameters<typeof Session>[0]> = {}): Session {
  const reader = new FrameReader((message) => told.push(message));
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      reader.push(chunk);
      done();
    },
  });
  return new Session({
    socket: socket as Socket,
    peer: { pid: 1, uid: 1 },
    outward: (message) => message,
    startProcess(_, events) {
      const fake = { events, asked: [] as number[], isKilled: false };
      processes.push(fake);
      return {
        pid: 100 + processes.length,
        send: ({ id }) => void fake.asked.push(id),
        leave() {},
        kill() {
          if (fake.isKilled) return;
          fake.isKilled = true;
          events.exited('killed by SIGKILL');
        },
      };
    },
    mayStart: () => true,
    log: (level, message) => void lines.push({ level, message }),
    ...changes,
  });
}

const hear = (...messages: object[]) => {
  for (const message of messages) session.hear(message, 10);
};
const first = () => processes[0] as FakeProcess;

describe('a process that opens the token', () => {
  beforeEach(() => hear({ start: 1, sessions: 1 }, OPEN));

  it('is killed once it has answered', () => {
    hear({ kill: 1 });
    expect(first().isKilled).toBe(false);
    first().events.said(ANSWER);
    expect(first().isKilled).toBe(true);
    expect(told).toContainEqual({ ended: 1, why: 'killed by SIGKILL' });
  });

  it('is killed where no answer comes in time, which counts from the question', () => {
    vi.advanceTimersByTime(OPENING_MS - 1);
    hear({ kill: 1 });
    expect(first().isKilled).toBe(false);
    vi.advanceTimersByTime(1);
    expect(first().isKilled).toBe(true);
  });

  it.each([
    ['says what is no message', { kill: 0 }],
    ['gives the number of that request to another', { to: 1, request: { ...DESCRIBE.request, id: 1 } }],
  ])('is killed no sooner because the front %s', async (_, message) => {
    hear(message);
    vi.advanceTimersByTime(OPENING_MS - 1);
    expect([session.isOver, first().isKilled]).toEqual([true, false]);
    first().events.said(ANSWER);
    await session.ended;
    expect(first().isKilled).toBe(true);
  });

  it('is asked nothing more once it is to be killed', () => {
    hear({ kill: 1 }, DESCRIBE, { ...OPEN, request: { ...OPEN.request, id: 3 } });
    expect(first().asked).toEqual([1]);
    first().events.said(ANSWER);
    expect(first().isKilled).toBe(true);
  });
});

describe('a process that does anything else', () => {
  it.each([
    ['nothing yet', []],
    ['another request', [DESCRIBE]],
  ])('%s: is killed at once', (_, asked) => {
    hear({ start: 1, sessions: 1 }, ...asked, { kill: 1 });
    expect(first().isKilled).toBe(true);
  });

  it('and has opened it: is killed at once', () => {
    hear({ start: 1, sessions: 1 }, OPEN);
    first().events.said(ANSWER);
    hear(DESCRIBE, { kill: 1 });
    expect(first().isKilled).toBe(true);
  });
});

describe('what a process says', () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;

  it.each([
    ['nothing', undefined],
    ['a text', 'gives'],
    ['neither answer nor log line', { id: 1 }],
    ['a failure of an unknown code', { id: 1, failure: { code: 'x', message: 'y' } }],
    ['a log line without details', { log: 'info', message: 'x' }],
    ['a log line of an unknown level', { log: 'constructor', message: 'x', details: {} }],
    ['an answer that JSON has no form for', { id: 1, gives: 1n }],
    ['an answer that holds itself', { id: 1, gives: circle }],
  ])('%s: it is killed, and the others go on', (_, message) => {
    hear({ start: 1, sessions: 1 }, { start: 2, sessions: 1 });
    first().events.said(message);
    expect(processes.map(({ isKilled }) => isKilled)).toEqual([true, false]);
    expect(lines).toContainEqual({ level: 'error', message: 'a process failed' });
    expect(session.isOver).toBe(false);
  });

  it('an answer and a log line are passed on', () => {
    hear({ start: 1, sessions: 1 });
    const line = { log: 'info', message: 'hello', details: { a: 1 } };
    for (const message of [line, ANSWER]) first().events.said(message);
    expect(told.slice(-2)).toEqual([line, ANSWER].map((message) => ({ from: 1, message })));
    expect(lines).toContainEqual({ level: 'info', message: 'hello' });
  });
});

it('a process that is started too soon is refused, and the next one is started when there is time', () => {
  let isSoon = true;
  session = sessionWith({ mayStart: () => !isSoon });
  hear({ start: 1, sessions: 1 });
  expect(told.at(-1)).toEqual({ ended: 1, why: 'processes are started too often' });
  expect(lines).toEqual([{ level: 'warn', message: 'a process was not started' }]);
  isSoon = false;
  hear({ start: 2, sessions: 1 });
  expect(told.at(-1)).toEqual({ started: 2, pid: 101 });
});
