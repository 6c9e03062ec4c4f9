import { graph } from '../graph.ts';
import type { Row } from '../layout.ts';
import { gainOf, rateOf } from '../selector.ts';

export const VERIFICATION: Row = {
  title: 'Verification',
  panels: [
    graph({
      title: 'Refusals, by reason',
      description:
        'Tokens that `verify` and `introspect` refused. `expired` is everyday; `never_issued`, `key_compromised` and `bad_signature` are not.',
      unit: 'ops',
      style: 'stacked',
      width: 12,
      queries: [{ expr: `sum by (reason) (${rateOf('keyward_refusals_total')})`, legend: '{{reason}}' }],
    }),
    graph({
      title: 'Refusals, by scope',
      description: 'Where one scope refuses more than it did: whose tokens are shown to it?',
      unit: 'ops',
      style: 'stacked',
      width: 12,
      queries: [{ expr: `sum by (scope) (${rateOf('keyward_refusals_total')})`, legend: '{{scope}}' }],
    }),
    graph({
      title: 'Sightings',
      description:
        'Digests of tokens that relying services accepted, and whether they are on record. One that is not is no verdict yet: the token itself is then shown to `verify`.',
      unit: 'ops',
      style: 'stacked',
      width: 12,
      queries: [
        {
          expr: `sum by (scope, recorded) (${rateOf('keyward_sightings_total')})`,
          legend: '{{scope}}, recorded: {{recorded}}',
        },
      ],
    }),
    graph({
      title: 'Suspicious headers',
      description:
        'Tokens with a header member that no honest issuer of ours writes: somebody tries the verifiers.',
      unit: 'short',
      style: 'bars',
      width: 12,
      queries: [
        { expr: `sum by (header) (${gainOf('keyward_suspicious_headers_total')})`, legend: '{{header}}' },
      ],
    }),
  ],
};
