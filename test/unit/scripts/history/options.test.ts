import { expect, it } from 'vitest';
import { chosenFaults } from '../../../../scripts/history/faults.ts';
import { readOptions } from '../../../../scripts/history/options.ts';

it('has one front, or up to five on PostgreSQL', () => {
  expect(readOptions([]).fronts).toBe(1);
  expect(readOptions(['--fronts', '5']).fronts).toBe(5);
  expect(() => readOptions(['--fronts', '6'])).toThrow('at most 5');
  expect(() => readOptions(['--fronts', '0'])).toThrow('at least 1');
  expect(readOptions(['--fronts', '1', '--engine', 'sqlite']).fronts).toBe(1);
  expect(() => readOptions(['--fronts', '2', '--engine', 'sqlite'])).toThrow('one front');
});

it('plays what hits one of several fronts only where there are several', () => {
  const names = (fronts: number) => chosenFaults('postgres', [], fronts).map(({ name }) => name);
  expect(names(1)).toContain('front-killed');
  expect(names(1)).not.toContain('leader-killed');
  expect(names(2)).toEqual(expect.arrayContaining([...names(1), 'leader-killed']));
  expect(chosenFaults('postgres', ['leader-killed'], 2)).toHaveLength(1);
  expect(() => chosenFaults('postgres', ['leader-killed'])).toThrow('one front has no fault leader-killed');
});
