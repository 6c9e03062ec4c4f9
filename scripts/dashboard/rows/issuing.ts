import { graph } from '../graph.ts';
import { heatmap } from '../heatmap.ts';
import type { Row } from '../layout.ts';
import { of, rateOf } from '../selector.ts';

const quantile = (share: number) =>
  `histogram_quantile(${share}, sum by (le) (${rateOf('keyward_issue_seconds_bucket')}))`;

export const ISSUING: Row = {
  title: 'Issuing',
  panels: [
    graph({
      title: 'Tokens issued, by scope',
      description: 'Each is recorded before it is released, and its signature checked.',
      unit: 'ops',
      style: 'stacked',
      queries: [{ expr: `sum by (scope) (${rateOf('keyward_tokens_issued_total')})`, legend: '{{scope}}' }],
    }),
    graph({
      title: 'Time to a token',
      description:
        'From a well-formed request to a released token. The dashed lines are where the alerts begin.',
      unit: 's',
      thresholds: [
        [0.25, 'orange'],
        [1, 'red'],
      ],
      queries: [0.5, 0.9, 0.99].map((share) => ({
        expr: quantile(share),
        legend: `${share * 100} % within`,
      })),
    }),
    heatmap({
      title: 'Time to a token, spread',
      description: 'How many tokens took how long. Two bands are two kinds of requests, or two HSM tokens.',
      query: { expr: `sum by (le) (${rateOf('keyward_issue_seconds_bucket')})`, legend: '{{le}}' },
    }),
    graph({
      title: 'Answers, by status',
      description:
        'Of the data plane. 503 is what it says while something it stands on is away; callers try again.',
      unit: 'reqps',
      style: 'stacked',
      queries: [
        {
          expr: `sum by (status) (${rateOf('keyward_http_requests_total', 'plane="data"')})`,
          legend: '{{status}}',
        },
      ],
    }),
    graph({
      title: 'Problems, by code',
      description: 'Problem documents sent by either plane, those within a batch included.',
      unit: 'ops',
      style: 'stacked',
      queries: [{ expr: `sum by (code) (${rateOf('keyward_problems_total')})`, legend: '{{code}}' }],
    }),
    graph({
      title: 'What waits',
      description:
        'Signatures wait for the HSM, records for the disk. The longer queue says what makes tokens slow.',
      unit: 'short',
      queries: [
        { expr: of('keyward_signer_queue'), legend: 'signatures, {{instance}} {{hsm_token}}' },
        { expr: of('keyward_ledger_queue'), legend: 'records, {{instance}}' },
        {
          expr: of('keyward_http_requests_in_flight'),
          legend: 'requests, {{instance}} {{plane}} {{caller}}',
        },
      ],
    }),
  ],
};
