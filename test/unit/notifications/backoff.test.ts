import { expect, it } from 'vitest';
import { backoffSeconds } from '../../../src/notifications/delivery-queue.ts';

const TEN = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

it('grows fourfold up to six hours', () => {
  const whole = TEN.map((failed) => backoffSeconds(failed, () => 0));
  expect(whole).toEqual([5, 20, 80, 320, 1_280, 5_120, 20_480, 21_600, 21_600, 21_600]);
});

it('is less by chance, and never by more than half', () => {
  const least = TEN.map((failed) => backoffSeconds(failed, () => 1));
  expect(least).toEqual([3, 10, 40, 160, 640, 2_560, 10_240, 10_800, 10_800, 10_800]);
});
