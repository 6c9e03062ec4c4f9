import { expect, it } from 'vitest';
import { readOptions } from '../../../../scripts/history/options.ts';
import { firstTokensAfter, promotions } from '../../../../scripts/history/promotions.ts';
import type { Operation } from '../../../../scripts/history/record.ts';

it('promotes a standby as often as asked, with a check after every twenty-fifth and a new stage after the hundredth', () => {
  const planned = (count: number) => {
    const { rounds, faults } = promotions(count);
    return [rounds, faults.map(({ name }) => name)];
  };
  expect(planned(1)).toEqual([1, ['promotions 1']]);
  expect(planned(50)).toEqual([1, ['promotions 1', 'promotions 2']]);
  expect(planned(1_000)).toEqual([10, ['promotions 1', 'promotions 2', 'promotions 3', 'promotions 4']]);
  expect(promotions(1_000).faults[0]?.what).toContain('25 times');
  expect(() => readOptions(['--engine', 'sqlite', '--promotions', '1'])).toThrow('no standby');
});

it('tells how long after each the first front released a token that was asked for since', () => {
  const promotion = (answered: number): Operation => ({
    ...({ client: 'faults', what: 'fault', name: 'promotion', outcome: 'ok', loses: false } as const),
    ...{ asked: answered - 50, answered, fronts: ['one', 'two'] },
  });
  const issue = (front: string, asked: number, answered: number): Operation => ({
    ...({ client: 'identity', what: 'issue', outcome: 'ok' } as const),
    ...{ front, asked, answered },
  });
  const history = [
    issue('one', 10, 20),
    promotion(100),
    issue('one', 90, 110),
    issue('one', 120, 400),
    issue('two', 105, 300),
    promotion(1_000),
  ];
  expect(firstTokensAfter(history)).toEqual([200, Number.POSITIVE_INFINITY]);
});
