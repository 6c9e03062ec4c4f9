import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { median } from '../../../scripts/benchmark/median.ts';
import { between, render } from '../../../scripts/benchmark/page.ts';
import { ratiosOf } from '../../../scripts/benchmark/ratios.ts';
import { fallenRatios } from '../../../scripts/benchmark/recorded.ts';
import { runRounds, Samples } from '../../../scripts/benchmark/rounds.ts';
import { watchThreads } from '../../../scripts/benchmark/threads.ts';

function samplesOf(cells: Readonly<Record<string, readonly { perSecond: number; cpuUs?: number }[]>>) {
  const samples = new Samples();
  for (const [name, rounds] of Object.entries(cells)) {
    for (const sample of rounds) samples.add(name, sample);
  }
  return samples;
}

const ISSUING = {
  'issue 1 Keyward': [
    { perSecond: 500, cpuUs: 800 },
    { perSecond: 100, cpuUs: 900 },
    { perSecond: 600, cpuUs: 800 },
  ],
  'issue 1 Express + jose': [
    { perSecond: 1_000, cpuUs: 200 },
    { perSecond: 200, cpuUs: 300 },
    { perSecond: 1_000, cpuUs: 400 },
  ],
};

it('takes the middle, or the mean of both in the middle', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 2, 9])).toBe(3);
  expect(median([])).toBeNaN();
});

describe('ratios', () => {
  it('are those of the rounds: a round on a busy machine counts like any other', () => {
    expect(ratiosOf(samplesOf(ISSUING))).toEqual([
      { name: 'issue at 1, to Express + jose', value: 0.5, byCpu: 1 / 3, goal: 0.65 },
    ]);
  });

  it('of what was not measured are left out', () => {
    const { 'issue 1 Keyward': alone } = ISSUING;
    expect(ratiosOf(samplesOf({ 'issue 1 Keyward': alone }))).toEqual([]);
  });

  it('have fallen below 85 % of what is recorded, not at it, and not where nothing is', () => {
    const recorded = { measured: {}, ratios: { one: 1, two: 1 }, byCpu: { one: 2 } };
    const now = [
      { name: 'one', value: 0.85, byCpu: 1.69 },
      { name: 'two', value: 0.84, byCpu: 0.1 },
      { name: 'three', value: 0.1 },
    ];
    expect(fallenRatios(now, recorded)).toEqual(['one, by CPU time: 1.69, was 2.00', 'two: 0.84, was 1.00']);
  });
});

it('measures every cell in each round, every other round backwards', async () => {
  const order: string[] = [];
  const cell = (name: string) => ({
    name,
    measure: async (round: number) => {
      order.push(name + round);
      return { perSecond: round };
    },
  });
  const samples = new Samples();
  const shares: number[] = [];
  await runRounds([cell('a'), cell('b')], 2, samples, (_round, _cell, share) => shares.push(share));
  expect(order).toEqual(['a0', 'b0', 'b1', 'a1']);
  expect(samples.of('b')).toEqual([{ perSecond: 0 }, { perSecond: 1 }]);
  expect(shares).toEqual([0, 0.25, 0.5, 0.75, 1]);
});

it('names the cells with failed requests', () => {
  const samples = new Samples();
  for (const failed of [0, 2, 3]) samples.add('some', { perSecond: 1, failed });
  samples.add('none', { perSecond: 1, failed: 0 });
  expect(samples.failures()).toEqual({ some: 5 });
});

it.skipIf(!existsSync('/proc/self/schedstat'))('tells what threads spent (skipped without schedstat)', () => {
  const spent = watchThreads({ own: process.pid });
  const before = process.cpuUsage();
  let burnt = 0;
  while (process.cpuUsage(before).user < 50_000) burnt += Math.sqrt(burnt);
  const loops = Object.entries(spent()).filter(([name]) => name.startsWith('own '));
  const cpuUs = loops.reduce((sum, [, cost]) => sum + cost.cpuUs, 0);
  expect(cpuUs).toBeGreaterThan(25_000);
  expect(cpuUs).toBeLessThan(process.cpuUsage().user + process.cpuUsage().system);
});

describe('the page', () => {
  const PAGE =
    'Before.\n\n<!-- measured by npm run bench -->\nold\n<!-- end of what was measured -->\n\nAfter.\n';

  it('keeps what stands around the markers', () => {
    expect(between(PAGE, 'new')).toBe(PAGE.replace('\nold\n', '\n\nnew\n\n'));
    expect(between(between(PAGE, 'one'), 'two')).toBe(between(PAGE, 'two'));
  });

  it('without a marker is not written', () => {
    for (const marker of PAGE.match(/<!--.*?-->/g) ?? []) {
      expect(() => between(PAGE.replace(marker, ''), 'new')).toThrow('the page has no <!-- measured');
    }
  });

  it('begins with the machine and the ratios, with a bar for each', () => {
    const samples = samplesOf(ISSUING);
    const memory = { front: 150.4, signer: 90 };
    const machine = { machine: '2 cores', Node: '24' };
    const text = render({ machine, samples, ratios: ratiosOf(samples), idle: memory, busy: memory });
    expect(text.split('\n').slice(0, 14)).toEqual([
      '|  |  |',
      '|---|---|',
      '| machine | 2 cores |',
      '| Node | 24 |',
      '',
      'Medians of 5 rounds; the load generator ran on the same cores.',
      '',
      '### Ratios',
      '',
      '```',
      `issue at 1, to Express + jose  ${'█'.repeat(20)} 0.50`,
      '```',
      '',
      '|  | ratio | by CPU time | goal |',
    ]);
    expect(text).toContain('| before the first request | 150 | 90 |');
  });
});
