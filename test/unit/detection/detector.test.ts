import { beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { type Detection, Detector, stateless } from '../../../src/detection/detector.ts';
import type { Fact } from '../../../src/kernel/activity.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { type SecurityEventReport, securityEvent } from '../../../src/kernel/security-events.ts';
import { MemoryDetections } from '../../support/memory-detections.ts';

/** Tells of every second token of a client. */
const everySecond: Detection<number> = {
  name: 'every-second',
  memory: z.int(),
  concerns: (fact) => (fact.kind === 'issued' ? fact.client : undefined),
  detect(memory = 0, fact) {
    const seen = memory + 1;
    const client = fact.kind === 'issued' ? fact.client : '';
    const evidence = { client, scope: 'web', count: seen, expected: 1, settled: true, since: seen };
    return { memory: seen, news: seen % 2 === 0 ? [securityEvent('client.unusual_rate', evidence)] : [] };
  },
};

let due: Fact[];
let raised: SecurityEventReport[];
let failure: KeywardError | undefined;
let memories: MemoryDetections;
let now: number;

beforeEach(() => {
  due = [];
  now = 600;
  raised = [];
  failure = undefined;
  memories = new MemoryDetections();
});

const open = (detections: readonly Detection[] = [everySecond]) =>
  Detector.open({
    detections,
    facts: { take: () => due.splice(0) },
    events: {
      async raise(report) {
        if (failure) throw failure;
        raised.push(report);
        return true;
      },
    },
    memories,
    clock: { nowSeconds: () => now },
  });
const issued = (client: string): Fact => ({ kind: 'issued', at: 1, count: 1, client, scope: 'web' });
const told = () => raised.map(({ subject }) => subject);

it('remembers each name by itself, and over a restart what was saved', async () => {
  const detector = await open();
  due.push(issued('a'), issued('b'), {
    kind: 'authenticated',
    at: 1,
    count: 1,
    caller: 'client:a',
    remote: null,
  });
  await detector.look();
  await detector.save();
  due.push(issued('b'));
  await detector.look();
  expect(told()).toEqual(['client:b']);
  const next = await open();
  due.push(issued('a'), issued('b'));
  await next.look();
  expect(told()).toEqual(['client:b', 'client:a', 'client:b']);
});

it('forgets what it cannot read', async () => {
  await memories.keep([
    { detection: 'every-second', name: 'a', memory: 'poison' },
    { detection: 'gone', name: 'a', memory: 1 },
    { detection: 'every-second', name: 'b', memory: 1 },
  ]);
  const detector = await open();
  due.push(issued('a'), issued('b'));
  await detector.look();
  expect(told()).toEqual(['client:b']);
});

it('tells at the next look what could not be stored, once', async () => {
  const detector = await open();
  failure = new KeywardError('store_unavailable', 'away');
  due.push(issued('a'), issued('a'), issued('b'));
  await expect(detector.look()).rejects.toBe(failure);
  failure = undefined;
  due.push(issued('b'));
  await detector.look();
  await detector.look();
  expect(told()).toEqual(['client:a', 'client:b']);
});

it('remembers 5,000 names, and forgets whoever was quiet the longest, also on disk', async () => {
  const detector = await open();
  for (let n = 0; n < 5_000; n++) due.push(issued(`client-${n}`));
  await detector.look();
  await detector.save();
  due.push(issued('client-0'), issued('one-more'), issued('client-1'));
  await detector.look();
  expect(told()).toEqual(['client:client-0']);
  await detector.save();
  const names = (await memories.load(9_000)).map(({ name }) => name);
  expect(names).toHaveLength(5_000);
  expect(names).not.toContain('client-2');
});

it('tells sixty of a type in a minute, and again what is found in the next', async () => {
  const detector = await open();
  for (let n = 0; n < 200; n++) due.push(issued('a'));
  await detector.look();
  expect(raised).toHaveLength(60);
  now += 60;
  due.push(issued('a'), issued('a'));
  await detector.look();
  expect(raised).toHaveLength(61);
});

it('lets what is told again and again take no room of what is new', async () => {
  const same = stateless('same', (fact) =>
    fact.kind === 'verified'
      ? securityEvent('token.suspicious_header', {
          scope: 'web',
          client: null,
          member: fact.suspiciousHeader ?? '',
          since: 0,
        })
      : undefined,
  );
  const detector = await open([same]);
  const shown = (member: string): Fact => ({
    kind: 'verified',
    at: 1,
    count: 1,
    client: null,
    scope: 'web',
    reason: 'malformed',
    suspiciousHeader: member,
    token: null,
  });
  for (let n = 0; n < 100; n++) due.push(shown('jku'));
  due.push(shown('jwk'));
  await detector.look();
  expect(raised.map(({ evidence }) => evidence.member)).toEqual(['jku', 'jwk']);
});

it('forgets nobody who is heard all the time, though nothing is new of them', async () => {
  const steady: Detection<{ seen: true }> = {
    name: 'steady',
    concerns: (fact) => (fact.kind === 'issued' ? fact.client : undefined),
    detect: (memory, fact) =>
      memory
        ? { memory, news: [] }
        : {
            memory: { seen: true },
            news: [
              securityEvent('token.suspicious_header', {
                scope: 'web',
                client: fact.kind === 'issued' ? fact.client : null,
                member: 'new',
                since: raised.length,
              }),
            ],
          },
  };
  const detector = await open([steady]);
  for (let n = 0; n < 6_000; n++) {
    due.push(issued('steady'), issued(`passing-${n}`));
    await detector.look();
    now += 60;
  }
  expect(raised.filter(({ evidence }) => evidence.client === 'steady')).toHaveLength(1);
});
