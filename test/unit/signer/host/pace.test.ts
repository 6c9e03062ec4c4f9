import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Pace } from '../../../../src/signer/host/pace.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const taken = (pace: Pace, asked: number) =>
  Array.from({ length: asked }, () => pace.take()).filter(Boolean).length;

it('lets some through at once, then one each interval', () => {
  const pace = new Pace({ most: 3, everyMs: 500 });
  expect(taken(pace, 10)).toBe(3);
  vi.advanceTimersByTime(499);
  expect(taken(pace, 10)).toBe(0);
  vi.advanceTimersByTime(1);
  expect(taken(pace, 10)).toBe(1);
});

it('saves up no more than it lets through at once', () => {
  const pace = new Pace({ most: 3, everyMs: 500 });
  vi.advanceTimersByTime(60_000);
  expect(taken(pace, 10)).toBe(3);
});
