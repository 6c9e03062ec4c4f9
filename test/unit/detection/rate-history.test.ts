import { array, assert, integer, property, record } from 'fast-check';
import { expect, it } from 'vitest';
import { observe, type RateHistory, rateHistory } from '../../../src/detection/rate-history.ts';

const HABITS = { floor: 10, learns: true };

it('stays readable and small, whatever is counted', () => {
  const steps = array(
    record({ after: integer({ min: 0, max: 400_000 }), count: integer({ min: 0, max: 2 ** 31 }) }),
    { maxLength: 200 },
  );
  assert(
    property(steps, (taken) => {
      let at = 1_800_000_000;
      let history: RateHistory | undefined;
      for (const { after, count } of taken) {
        at += after;
        ({ history } = observe(history, at, count, HABITS));
        expect(rateHistory.parse(JSON.parse(JSON.stringify(history)))).toEqual(history);
        expect(Object.keys(history.peaks).length).toBeLessThanOrEqual(168);
      }
    }),
  );
});

it('takes an instant before the last one for the last one', () => {
  const { history } = observe(undefined, 1_800_000_060, 5, HABITS);
  expect(observe(history, 1_800_000_000, 5, HABITS).history).toEqual({ ...history, count: 10, peak: 10 });
});
