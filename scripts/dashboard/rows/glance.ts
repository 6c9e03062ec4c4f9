import type { Row } from '../layout.ts';
import { of, rateOf } from '../selector.ts';
import { stat } from '../stat.ts';

const PROBES = 'route!~"/healthz|/readyz.*"';

/** What has to be well, on one line. */
export const GLANCE: Row = {
  title: 'At a glance',
  panels: [
    stat({
      title: 'Tokens a second',
      description: 'Tokens released, of the scopes chosen.',
      unit: 'ops',
      expr: `sum(${rateOf('keyward_tokens_issued_total')})`,
      none: '0',
    }),
    stat({
      title: 'Answers with 5xx',
      description: 'Of the data plane, without the probes of whoever supervises the process.',
      unit: 'percentunit',
      expr: `(sum(${rateOf('keyward_http_requests_total', 'plane="data"', PROBES, 'status=~"5.."')}) or vector(0)) / sum(${rateOf('keyward_http_requests_total', 'plane="data"', PROBES)})`,
      thresholds: [
        [0.01, 'orange'],
        [0.1, 'red'],
      ],
      decimals: 2,
    }),
    stat({
      title: '99 of 100 tokens within',
      description: 'From a well-formed request to a released token.',
      unit: 's',
      expr: `histogram_quantile(0.99, sum by (le) (${rateOf('keyward_issue_seconds_bucket')}))`,
      thresholds: [
        [0.25, 'orange'],
        [1, 'red'],
      ],
    }),
    stat({
      title: 'HSM tokens not ready',
      description: 'Away, starting, or with a latched PIN: the scopes placed on them get no tokens.',
      unit: 'short',
      expr: `sum(${of('keyward_signer_state', 'state!="ready"')})`,
      thresholds: [[1, 'red']],
    }),
    stat({
      title: 'Critical events open',
      description: 'Nobody has acknowledged them: `keyward event list --state open`.',
      unit: 'short',
      expr: `max(${of('keyward_security_events_unresolved', 'state="open"', 'severity="critical"')})`,
      thresholds: [[1, 'red']],
    }),
    stat({
      title: 'First window ends in',
      description:
        'The first signing window of a key that signs. Rotation comes an hour before, if nothing stands in its way.',
      unit: 's',
      expr: `min(${of('keyward_key_sign_until_timestamp_seconds', 'state="active"')}) - time()`,
      base: 'red',
      thresholds: [
        [0, 'orange'],
        [1800, 'green'],
      ],
    }),
    stat({
      title: 'Fullest disk',
      description: 'Of the database and the archive. Without room no token is issued.',
      unit: 'percentunit',
      expr: `max(${of('keyward_disk_used_ratio')})`,
      thresholds: [
        [0.75, 'orange'],
        [0.9, 'red'],
      ],
      decimals: 0,
    }),
    stat({
      title: 'Forgeries in 24 h',
      description:
        'Events of tokens with a right signature that were never issued: somebody else uses a key.',
      unit: 'short',
      expr: `sum(increase(${of('keyward_security_events_total', 'type="token.never_issued"')}[24h]))`,
      thresholds: [[0.5, 'red']],
      decimals: 0,
    }),
  ],
};
