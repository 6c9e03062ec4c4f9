import { expect, it } from 'vitest';
import { Backoff } from '../../../../src/signer/link/backoff.ts';

it('doubles up to the highest delay and starts over after a reset', () => {
  const backoff = new Backoff({ firstMs: 50, maxMs: 1_000 }, () => 1);
  expect(Array.from({ length: 7 }, () => backoff.next())).toEqual([50, 100, 200, 400, 800, 1_000, 1_000]);
  backoff.reset();
  expect(backoff.next()).toBe(50);
});

it('spreads each delay over the upper half of its step', () => {
  const randoms = [0, 0.5];
  const backoff = new Backoff({ firstMs: 100, maxMs: 100 }, () => randoms.shift() ?? 1);
  expect([backoff.next(), backoff.next(), backoff.next()]).toEqual([50, 75, 100]);
});
