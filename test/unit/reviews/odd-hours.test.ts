import { expect, it } from 'vitest';
import { oddHours } from '../../../src/reviews/volume.ts';

const WEEK = 168;
const FROM = 10_000 * WEEK;
const PERIOD = { from: FROM * 3_600, to: (FROM + WEEK) * 3_600 - 1 };
const issued = (hour: number, tokens = 5, client = 'login') => ({
  client,
  scope: 'payments',
  hour: FROM + hour,
  tokens,
});
/** Three weeks of one working hour: the tenth of the week. */
const habit = [-3, -2, -1].map((week) => issued(week * WEEK + 10));
const odd = (...hours: ReturnType<typeof issued>[]) =>
  oddHours([...habit, ...hours], PERIOD).map(({ at, tokens }) => [at / 3_600 - FROM, tokens]);

it('names hours of the week in which there was never anything, those with the most tokens first', () => {
  expect(odd(issued(10), issued(40, 7), issued(13, 90))).toEqual([
    [13, 90],
    [40, 7],
  ]);
});

it('takes the hours beside a usual one for usual, on both sides and no further', () => {
  expect(odd(issued(9), issued(11))).toEqual([]);
  expect(odd(issued(8), issued(12))).toEqual([
    [8, 5],
    [12, 5],
  ]);
});

it('says nothing of who was first seen less than two weeks before, and of hours outside the period', () => {
  const newcomer = [issued(-2 * WEEK + 1, 5, 'new'), issued(40, 5, 'new')];
  expect(oddHours(newcomer, PERIOD)).toEqual([]);
  const known = [issued(-2 * WEEK, 5, 'new'), issued(40, 5, 'new')];
  expect(oddHours(known, PERIOD).map(({ client }) => client)).toEqual(['new']);
  expect(odd(issued(WEEK + 40))).toEqual([]);
});

it('tells scopes apart', () => {
  const other = { ...issued(10), scope: 'mail' };
  expect(odd(other)).toEqual([]);
  const earlier = { ...issued(-2 * WEEK + 60), hour: FROM - 2 * WEEK, scope: 'mail' };
  expect(oddHours([...habit, earlier, other], PERIOD).map(({ scope }) => scope)).toEqual(['mail']);
});
