import { afterEach, expect, it, vi } from 'vitest';
import { CallerBudget, LoopLoad } from '../../../src/server/caller-budget.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it('has the event loop watched only while more requests are in flight than are always served', () => {
  const load = { share: 1, watch: vi.fn() };
  const budget = new CallerBudget('identity', { requests_in_flight: 32 }, load);
  const holders = ['web', 'web'].map((id) => budget.enter(id).holder);
  expect(load.watch).not.toHaveBeenCalled();
  holders.push(budget.enter('web').holder);
  expect(load.watch).toHaveBeenCalledTimes(1);
  for (const holder of holders) budget.leave(holder);
  expect(load.watch).toHaveBeenCalledTimes(2);
});

it('watches with one timer, and ends it when nobody asks for it any more', async () => {
  const [begun, ended] = [vi.spyOn(globalThis, 'setInterval'), vi.spyOn(globalThis, 'clearInterval')];
  const load = new LoopLoad();
  load.watch();
  load.watch();
  expect(begun).toHaveBeenCalledTimes(1);
  await vi.waitFor(() => expect(ended).toHaveBeenCalledTimes(1), { timeout: 20_000, interval: 200 });
});

it('leaves all of the places while the event loop rests now and then', () => {
  const load = new LoopLoad();
  for (const part of [0, 0.5, 0.9, 0.98]) load.used(part);
  expect(load.share).toBe(1);
});

it('gives out fewer places the longer the event loop does not rest, never none, and more when it rests again', () => {
  const load = new LoopLoad();
  load.used(0.99);
  expect(load.share).toBe(1 / 2);
  for (let times = 0; times < 10; times++) load.used(1);
  expect(load.share).toBe(1 / 8);
  load.used(0.9);
  expect(load.share).toBeCloseTo((1 / 8) * 1.25);
  for (let times = 0; times < 20; times++) load.used(0.9);
  expect(load.share).toBe(1);
});

it('sees by itself that the event loop does not rest, and that it rests again', async () => {
  const load = new LoopLoad();
  load.watch();
  const busyUntil = performance.now() + 400;
  while (performance.now() < busyUntil) await new Promise((resolve) => setImmediate(resolve));
  expect(load.share).toBeLessThan(1);
  await vi.waitFor(() => expect(load.share).toBe(1), { timeout: 10_000 });
});

it('refuses by the share of the places, as overloaded, and takes requests again with them', () => {
  const load = new LoopLoad();
  const budget = new CallerBudget('identity', { requests_in_flight: 16 }, load);
  for (let times = 0; times < 10; times++) load.used(1);
  const { holder } = budget.enter('web');
  expect(() => budget.enter('web')).toThrow(expect.objectContaining({ code: 'overloaded' }));
  budget.enter('other');
  expect(() => budget.enter('third')).toThrow(expect.objectContaining({ code: 'overloaded' }));
  budget.leave(holder);
  budget.enter('third');
  for (let times = 0; times < 20; times++) load.used(0);
  for (let times = 0; times < 7; times++) budget.enter('web');
});
