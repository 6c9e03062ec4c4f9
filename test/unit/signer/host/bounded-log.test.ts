import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BoundedLog } from '../../../../src/signer/host/bounded-log.ts';

let lines: [message: string, details: object][];
let log: BoundedLog;
beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  log = new BoundedLog((_, message, details) => void lines.push([message, details]));
});
afterEach(() => {
  vi.useRealTimers();
});

const write = (times: number, message = 'refused') => {
  for (let at = 1; at <= times; at += 1) log.write('warn', message, { at });
};

it('a line is written at once, one of another message too', () => {
  write(1);
  write(1, 'connected');
  expect(lines).toEqual([
    ['refused', { at: 1 }],
    ['connected', { at: 1 }],
  ]);
});

it('repeated, it is written once a second with the number, as long as it goes on', () => {
  write(1_000);
  vi.advanceTimersByTime(1_000);
  write(500);
  vi.advanceTimersByTime(1_000);
  expect(lines).toEqual([
    ['refused', { at: 1 }],
    ['refused', { at: 1_000, times: 999 }],
    ['refused', { at: 500, times: 500 }],
  ]);
});

it('after a second without it, it is written at once again', () => {
  write(2);
  vi.advanceTimersByTime(2_000);
  write(1);
  expect(lines.slice(2)).toEqual([['refused', { at: 1 }]]);
});

it('a bound of its own takes more, of all that it counts as one', () => {
  for (const message of ['a', 'b', 'c', 'd']) log.write('warn', message, {}, { of: 'printed', most: 2 });
  vi.advanceTimersByTime(1_000);
  expect(lines).toEqual([
    ['a', {}],
    ['b', {}],
    ['d', { times: 2 }],
  ]);
});

it('at the end, nothing that was counted is lost', () => {
  write(3);
  log.flush();
  vi.advanceTimersByTime(5_000);
  expect(lines.slice(1)).toEqual([['refused', { at: 3, times: 2 }]]);
});
