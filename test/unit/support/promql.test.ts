import { expect, it } from 'vitest';
import { readExpression } from '../../support/promql.ts';

it('finds metrics, matchers and groupings, and takes no function, duration or text for one', () => {
  expect(
    readExpression(
      `histogram_quantile(0.99, sum by (job, le) (rate(a_bucket{x="b{c}",y=~"p|\\\\d"}[5m])))
       and on (job) keyward:a:rate5m > 3 * 3600 unless sum(b) by (z) == 1 or c offset 5m`,
    ),
  ).toEqual({
    selectors: [
      {
        metric: 'a_bucket',
        matchers: [
          { label: 'x', operator: '=', value: 'b{c}' },
          { label: 'y', operator: '=~', value: 'p|\\d' },
        ],
      },
      { metric: 'keyward:a:rate5m', matchers: [] },
      { metric: 'b', matchers: [] },
      { metric: 'c', matchers: [] },
    ],
    grouping: ['job', 'le', 'job', 'z'],
  });
});
