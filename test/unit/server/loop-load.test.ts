import { afterEach, expect, it, vi } from 'vitest';
import { CallerBudget, LoopLoad } from '../../../src/server/caller-budget.ts';

afterEach(() => {
  vi.useRealTimers();
});

it('looks at the event loop only while more requests are in flight than are always served', () => {
  vi.useFakeTimers();
  const budget = new CallerBudget('identity', { requests_in_flight: 64 }, new LoopLoad());
  const holders = ['web', 'web', 'web'].map((id) => budget.enter(id).holder);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(900);
  expect(vi.getTimerCount()).toBe(1);
  for (const holder of holders) budget.leave(holder);
  vi.advanceTimersByTime(2_000);
  expect(vi.getTimerCount()).toBe(0);
  budget.enter('web');
  budget.enter('web');
  expect(vi.getTimerCount()).toBe(0);
});

it('leaves all of the places while the event loop keeps time', () => {
  const load = new LoopLoad();
  for (const late of [0, 5, 19, 20]) load.late(late);
  expect(load.share).toBe(1);
});

it('gives out fewer places the longer the event loop is late, never none, and more when it keeps time again', () => {
  const load = new LoopLoad();
  load.late(21);
  expect(load.share).toBeCloseTo(0.7);
  for (let times = 0; times < 100; times++) load.late(500);
  expect(load.share).toBe(1 / 16);
  load.late(0);
  expect(load.share).toBeCloseTo((1 / 16) * 1.02);
  for (let times = 0; times < 200; times++) load.late(0);
  expect(load.share).toBe(1);
});

it('refuses by the share of the places, as overloaded, and takes requests again with them', () => {
  const load = new LoopLoad();
  const budget = new CallerBudget('identity', { requests_in_flight: 32 }, load);
  for (let times = 0; times < 100; times++) load.late(500);
  const { holder } = budget.enter('web');
  expect(() => budget.enter('web')).toThrow(expect.objectContaining({ code: 'overloaded' }));
  budget.enter('other');
  expect(() => budget.enter('third')).toThrow(expect.objectContaining({ code: 'overloaded' }));
  budget.leave(holder);
  budget.enter('third');
  for (let times = 0; times < 200; times++) load.late(0);
  for (let times = 0; times < 15; times++) budget.enter('web');
});
