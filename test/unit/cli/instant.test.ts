import { InvalidArgumentError } from 'commander';
import { expect, it } from 'vitest';
import { instant, instantOrSeconds } from '../../../src/cli/arguments.ts';
import { utc } from '../../../src/cli/text.ts';

const MIDNIGHT = 1_796_083_200;

it.each([
  ['2026-12-01', MIDNIGHT],
  ['2026-12-01T08:00Z', MIDNIGHT + 28_800],
  ['2026-12-01T08:00:05Z', MIDNIGHT + 28_805],
  ['2026-12-01T08:00+02:00', MIDNIGHT + 21_600],
  ['2028-02-29', 1_835_395_200],
])('reads %s', (text, seconds) => {
  expect([instant(text), instantOrSeconds(text)]).toEqual([seconds, seconds]);
});

it('reads what tables print', () => {
  expect(instant(utc(MIDNIGHT + 61))).toBe(MIDNIGHT + 61);
});

it.each([
  'tomorrow',
  '2026-13-01',
  '2026-02-31',
  '2026-02-31T08:00Z',
  '2026-12-01T08:00',
  '2026-12-01 Z',
  '',
])('takes no moment from "%s"', (text) => {
  expect(() => instant(text)).toThrow(InvalidArgumentError);
  expect(() => instantOrSeconds(text)).toThrow(InvalidArgumentError);
});

it('reads seconds since the epoch where they are asked for, and only there', () => {
  expect(instantOrSeconds('1760000000')).toBe(1_760_000_000);
  expect(() => instantOrSeconds('1'.repeat(16))).toThrow(InvalidArgumentError);
  expect(() => instant('1760000000')).toThrow(InvalidArgumentError);
});
