import { expect, it } from 'vitest';
import { Sampling } from '../../../src/tracing/sampling.ts';

const parent = (isSampled: boolean) => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled });

function sampling({ ratio = 0.5, askedPerSecond = 2, drawn = 0.9 } = {}) {
  const now = { ms: 0, drawn };
  const of = new Sampling({ ratio, askedPerSecond, nowMs: () => now.ms, random: () => now.drawn });
  const ask = (isSampled: boolean | undefined, isAuthenticated = true) =>
    of.isSampled({ parent: isSampled === undefined ? undefined : parent(isSampled), isAuthenticated });
  return { ask, now };
}

it('draws where no caller decides', () => {
  const { ask, now } = sampling();
  expect(ask(undefined)).toBe(false);
  now.drawn = 0.49;
  expect(ask(undefined)).toBe(true);
});

it.each([
  [0, 0, false],
  [1, 0.999_999, true],
])('of a ratio of %d draws all alike', (ratio, drawn, isSampled) => {
  expect(sampling({ ratio, drawn }).ask(undefined)).toBe(isSampled);
});

it('heeds an authenticated caller who traces, so many times a second', () => {
  const { ask, now } = sampling();
  expect([ask(true), ask(true), ask(true)]).toEqual([true, true, false]);
  now.ms = 1_000;
  expect(ask(true)).toBe(true);
});

it('draws for a caller nobody knows, whatever they ask for', () => {
  const { ask, now } = sampling();
  expect([ask(true, false), ask(true, false)]).toEqual([false, false]);
  now.drawn = 0.1;
  expect(ask(true, false)).toBe(true);
});

it('heeds anybody who does not trace', () => {
  const { ask } = sampling({ ratio: 1, drawn: 0 });
  expect([ask(false), ask(false, false)]).toEqual([false, false]);
});
