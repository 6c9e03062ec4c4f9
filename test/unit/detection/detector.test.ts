import { beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { type Detection, Detector } from '../../../src/detection/detector.ts';
import type { Fact } from '../../../src/kernel/activity.ts';
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
let budgets: (string | undefined)[];
let memories: MemoryDetections;

beforeEach(() => {
  due = [];
  raised = [];
  budgets = [];
  memories = new MemoryDetections();
});

const open = (detections: readonly Detection[] = [everySecond]) =>
  Detector.open({
    detections,
    facts: { take: () => due.splice(0) },
    events: {
      raise(report, budget) {
        raised.push(report);
        budgets.push(budget);
      },
    },
    memories,
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
  detector.tick();
  await detector.save();
  due.push(issued('b'));
  detector.tick();
  expect(told()).toEqual(['client:b']);
  const next = await open();
  due.push(issued('a'), issued('b'));
  next.tick();
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
  detector.tick();
  expect(told()).toEqual(['client:b']);
});

it('remembers 5,000 names, and forgets whoever was quiet the longest, also on disk', async () => {
  const detector = await open();
  for (let n = 0; n < 5_000; n++) due.push(issued(`client-${n}`));
  detector.tick();
  await detector.save();
  due.push(issued('client-0'), issued('one-more'), issued('client-1'));
  detector.tick();
  expect(told()).toEqual(['client:client-0']);
  await detector.save();
  const names = (await memories.load(9_000)).map(({ name }) => name);
  expect(names).toHaveLength(5_000);
  expect(names).not.toContain('client-2');
});

it('has a budget for each severity', async () => {
  const detector = await open();
  due.push(issued('a'), issued('a'));
  detector.tick();
  expect(budgets).toEqual(['warning']);
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
    detector.tick();
  }
  expect(raised.filter(({ evidence }) => evidence.client === 'steady')).toHaveLength(1);
});
