import { expect, it } from 'vitest';
import { newCaseNumber, readCaseNumber } from '../../../src/reports/case.ts';

it('a number is random, and is read as it was made', () => {
  const numbers = Array.from({ length: 1_000 }, newCaseNumber);
  expect(new Set(numbers).size).toBe(1_000);
  expect(numbers.filter((number) => readCaseNumber(number) !== number)).toEqual([]);
});

it.each([
  ['7q3k-m2xd', '7Q3K-M2XD'],
  [' 7Q3K M2XD ', '7Q3K-M2XD'],
  ['7q3km2xd', '7Q3K-M2XD'],
  ['o0il-1234', '0011-1234'],
])('%j is read as %s', (typed, number) => expect(readCaseNumber(typed)).toBe(number));

it.each(['', '7Q3K-M2X', '7Q3K-M2XDD', '7Q3K-M2XU', '7Q3K-M2X?', '../../etc', '7Q3K-M2XDX'])(
  '%j is none',
  (typed) => expect(readCaseNumber(typed)).toBeUndefined(),
);
