import { afterEach, expect, it, vi } from 'vitest';
import { CallerBudget, LoopLoad } from '../../../src/server/caller-budget.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it('has the event loop watched only while more requests are in flight than are always served', () => {
  const load = { share: 1, watch: vi.fn(), answered: vi.fn(), refused: vi.fn() };
  const budget = new CallerBudget('identity', { requests_in_flight: 32 }, load);
  const places = [budget.enter('web'), budget.enter('web')];
  expect(load.watch).not.toHaveBeenCalled();
  places.push(budget.enter('web'));
  expect(load.watch).toHaveBeenCalledTimes(1);
  for (const place of places) budget.leave(place);
  expect(load.watch).toHaveBeenCalledTimes(2);
  expect(load.answered).toHaveBeenCalledTimes(3);
});

it('watches with one timer, and ends it when nobody asks for it any more', async () => {
  const [begun, ended] = [vi.spyOn(globalThis, 'setInterval'), vi.spyOn(globalThis, 'clearInterval')];
  const load = new LoopLoad();
  load.watch();
  load.watch();
  expect(begun).toHaveBeenCalledTimes(1);
  await vi.waitFor(() => expect(ended).toHaveBeenCalledTimes(1), { timeout: 20_000, interval: 200 });
});

/** Looks at which the event loop was in use for such a part, and requests took so long. */
function look(load: LoopLoad, part: number, tookMs: number, times = 1) {
  for (let each = 0; each < times; each++) {
    for (let answered = 0; answered < 3; answered++) load.answered(tookMs);
    load.looked(part);
  }
}

it('leaves all of the places while the event loop rests now and then, or what it serves is served soon', () => {
  const load = new LoopLoad();
  for (const part of [0, 0.5, 0.98]) look(load, part, 5_000);
  for (const tookMs of [1, 149, 150]) look(load, 1, tookMs);
  load.looked(1);
  expect(load.share).toBe(1);
});

it('gives out the fewest places once requests take too long, never none, and more when the event loop rests', () => {
  const load = new LoopLoad();
  look(load, 1, 151);
  expect(load.share).toBe(1 / 8);
  look(load, 1, 10_000, 10);
  expect(load.share).toBe(1 / 8);
  look(load, 0.98, 10_000);
  expect(load.share).toBe((1 / 8) * 1.25);
  look(load, 1, 1, 20);
  expect(load.share).toBe(1);
});

it('gives out no more again while some are refused for it, unless the event loop rests', () => {
  const load = new LoopLoad();
  load.refused();
  look(load, 1, 1);
  expect(load.share).toBe(1);
  look(load, 1, 200);
  look(load, 1, 1, 2);
  expect(load.share).toBe((1 / 8) * 1.25 ** 2);
  load.refused();
  look(load, 1, 1);
  expect(load.share).toBe(1 / 8);
  load.refused();
  look(load, 0.5, 1);
  expect(load.share).toBe((1 / 8) * 1.25);
});

it('sees by itself that the event loop does not rest, and that it rests again', async () => {
  const load = new LoopLoad();
  load.watch();
  const busyUntil = performance.now() + 400;
  while (performance.now() < busyUntil) {
    load.answered(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(load.share).toBeLessThan(1);
  await vi.waitFor(() => expect(load.share).toBe(1), { timeout: 10_000 });
});

it('refuses by the share of the places, as overloaded, and takes requests again with them', () => {
  const load = new LoopLoad();
  const budget = new CallerBudget('identity', { requests_in_flight: 16 }, load);
  look(load, 1, 10_000, 10);
  const place = budget.enter('web');
  expect(() => budget.enter('web')).toThrow(expect.objectContaining({ code: 'overloaded' }));
  expect(budget.crowded('web')).toMatchObject({ code: 'overloaded' });
  budget.enter('other');
  expect(() => budget.enter('third')).toThrow(expect.objectContaining({ code: 'overloaded' }));
  budget.leave(place);
  budget.enter('third');
  look(load, 0, 1, 20);
  for (let times = 0; times < 7; times++) budget.enter('web');
});
