import { expect, it } from 'vitest';
import { Backoff, backoff } from '../../../src/lib/backoff.ts';

it('doubles up to the highest delay and starts over after a reset', () => {
  const delays = new Backoff({ first: 50, max: 1_000 }, () => 1);
  expect(Array.from({ length: 7 }, () => delays.next())).toEqual([50, 100, 200, 400, 800, 1_000, 1_000]);
  delays.reset();
  expect(delays.next()).toBe(50);
});

it('spreads each delay over the upper half of its step', () => {
  const randoms = [0, 0.5];
  const delays = new Backoff({ first: 100, max: 100 }, () => randoms.shift() ?? 1);
  expect([delays.next(), delays.next(), delays.next()]).toEqual([50, 75, 100]);
});

it('grows by another factor where it is given, and stays at the highest after any number of failures', () => {
  const delays = [1, 2, 3, 4, 5, 10_000].map((failures) =>
    backoff(failures, { first: 5, max: 1_000, factor: 4 }, () => 1),
  );
  expect(delays).toEqual([5, 20, 80, 320, 1_000, 1_000]);
});
