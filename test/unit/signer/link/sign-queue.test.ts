import { expect, it } from 'vitest';
import type { Child } from '../../../../src/signer/link/child.ts';
import { SignQueue } from '../../../../src/signer/link/sign-queue.ts';
import type { SignItem } from '../../../../src/signer/protocol.ts';

const WAIT_MS = 5_000;

/** A queue before a signer that answers when it is told to, on a clock of its own. */
function queued() {
  let now = 1_000;
  const timers = new Map<() => void, number>();
  const asked: { readonly kids: readonly string[]; answer(): void }[] = [];
  const queue = new SignQueue({
    limit: 1_000,
    signMs: WAIT_MS,
    timers: {
      nowMs: () => now,
      after(ms, run) {
        timers.set(run, now + ms);
        return () => void timers.delete(run);
      },
    },
    onRemedy() {},
  });
  const child = {
    call: (_op: string, items: readonly SignItem[]) =>
      new Promise((resolve) => {
        const kids = items.map(([kid]) => kid);
        asked.push({ kids, answer: () => resolve({ gives: kids.map((kid) => Buffer.from(kid)) }) });
      }),
  } as unknown as Child;
  const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const outcome = (signature: Promise<Buffer>) =>
    signature.then(
      (bytes) => bytes.toString(),
      ({ code }) => code as string,
    );
  return {
    queue,
    child,
    asked,
    turn,
    ofCaller: (kid: string) => outcome(queue.add({ kid, signingInput: 'a.b', forCaller: true }, WAIT_MS)),
    own: (kid: string) => outcome(queue.add({ kid, signingInput: 'a.b' }, WAIT_MS)),
    pass(ms: number) {
      now += ms;
      for (const [run, at] of [...timers]) if (at <= now && timers.delete(run)) run();
    },
    async answerAll() {
      for (const { answer } of asked.splice(0)) answer();
      await turn();
    },
  };
}

it('what the service signs for itself goes before all that callers wait for, though every place is taken', async () => {
  const { queue, child, asked, turn, ofCaller, own, answerAll } = queued();
  queue.attach(child, 4);
  const first = Array.from({ length: 4 }, (_, n) => ofCaller(`token-${n}`));
  await turn();
  const later = Array.from({ length: 20 }, (_, n) => ofCaller(`later-${n}`));
  const checkpoint = own('audit-key');
  await turn();
  expect(asked.map(({ kids }) => kids[0])).toEqual(['token-0', 'token-1', 'token-2', 'token-3', 'audit-key']);
  await answerAll();
  expect(await checkpoint).toBe('audit-key');
  while (asked.length > 0) await answerAll();
  expect(await Promise.all([...first, ...later])).toHaveLength(24);
});

it('what the service signs for itself is taken though the queue of the callers is full or late', async () => {
  const { queue, child, asked, turn, ofCaller, own, pass, answerAll } = queued();
  queue.attach(child, 4);
  const waiting = Array.from({ length: 1_004 }, () => ofCaller('token'));
  await turn();
  pass(1);
  await answerAll();
  expect(await Promise.race([...waiting, 'none yet'])).toBeDefined();
  pass(300);
  expect(await ofCaller('one more')).toBe('overloaded');
  const checkpoint = own('audit-key');
  await turn();
  while (asked.length > 0) await answerAll();
  expect(await checkpoint).toBe('audit-key');
  await Promise.all(waiting);
});

it('a queue that moves and whose oldest call waits too long takes no more, until it is shorter', async () => {
  const { queue, child, asked, turn, ofCaller, pass, answerAll } = queued();
  queue.attach(child, 4);
  const waiting = Array.from({ length: 10 }, () => ofCaller('token'));
  await turn();
  pass(251);
  const [first] = asked.splice(0, 1);
  first?.answer();
  await turn();
  expect(await ofCaller('one more')).toBe('overloaded');
  while (asked.length > 0) await answerAll();
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => 'token'));
  const next = ofCaller('next');
  await turn();
  await answerAll();
  expect(await next).toBe('next');
});

it('while a process is replaced, callers are waited with and none is called too many', async () => {
  const { queue, child, asked, turn, ofCaller, pass, answerAll } = queued();
  queue.attach(child, 4);
  queue.detach();
  const waiting = [ofCaller('first')];
  pass(900);
  waiting.push(ofCaller('second'));
  queue.attach(child, 4);
  await turn();
  while (asked.length > 0) await answerAll();
  expect(await Promise.all(waiting)).toEqual(['first', 'second']);
});

it('past the deadline it is load where the signer answers others, and the HSM where it answers none', async () => {
  const { queue, child, asked, turn, ofCaller, pass } = queued();
  queue.attach(child, 4);
  const underWay = Array.from({ length: 4 }, () => ofCaller('token'));
  await turn();
  pass(1);
  const sentNext = ofCaller('sent next');
  pass(1);
  const late = ofCaller('late');
  await turn();
  pass(WAIT_MS - 10);
  const [first] = asked.splice(0, 1);
  first?.answer();
  await turn();
  expect(await underWay[0]).toBe('token');
  pass(20);
  expect(await late).toBe('overloaded');
  expect(await sentNext).toBe('hsm_unavailable');
  expect(await underWay[3]).toBe('hsm_unavailable');
});

it('past the deadline it is the HSM where the signer has answered once and hangs since', async () => {
  const { queue, child, asked, turn, ofCaller, pass } = queued();
  queue.attach(child, 4);
  const underWay = Array.from({ length: 5 }, () => ofCaller('token'));
  await turn();
  const late = ofCaller('late');
  pass(1);
  asked.splice(0, 1)[0]?.answer();
  await turn();
  expect(await underWay[0]).toBe('token');
  pass(WAIT_MS);
  expect(await late).toBe('hsm_unavailable');
});

it('asks for as many signatures at once as the signer has sessions, however few each message names', async () => {
  const { queue, child, asked, turn, ofCaller, answerAll } = queued();
  queue.attach(child, 6);
  const waiting = [];
  for (let n = 0; n < 8; n++) {
    waiting.push(ofCaller(`token-${n}`));
    await turn();
  }
  expect(asked.map(({ kids }) => kids)).toEqual(Array.from({ length: 6 }, (_, n) => [`token-${n}`]));
  while (asked.length > 0) await answerAll();
  expect(await Promise.all(waiting)).toHaveLength(8);
});

it('has four messages under way before a signer of fewer sessions', async () => {
  const { queue, child, asked, turn, ofCaller, answerAll } = queued();
  queue.attach(child, 1);
  const waiting = [];
  for (let n = 0; n < 6; n++) {
    waiting.push(ofCaller(`token-${n}`));
    await turn();
  }
  expect(asked).toHaveLength(4);
  while (asked.length > 0) await answerAll();
  expect(await Promise.all(waiting)).toHaveLength(6);
});
