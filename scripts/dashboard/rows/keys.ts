import { graph } from '../graph.ts';
import type { Row } from '../layout.ts';
import { of } from '../selector.ts';
import { table } from '../table.ts';

const perScope = (expr: string) => `max by (instance, scope) (${expr})`;
const age = (state: string) => `time() - ${of('keyward_key_created_timestamp_seconds', `state="${state}"`)}`;

export const KEYS: Row = {
  title: 'Keys',
  panels: [
    table({
      title: 'Keys and their windows',
      description:
        'For each scope the key that signs and its standby. Rotation comes by itself, in `until rotation`; what stands in its way is 1 beside it.',
      rows: [
        ['instance', 'Instance'],
        ['scope', 'Scope'],
      ],
      columns: [
        { title: 'Age of the key', expr: perScope(age('active')), unit: 's' },
        {
          title: 'Window used',
          expr: perScope(of('keyward_key_window_used_ratio')),
          unit: 'percentunit',
          thresholds: [
            [0.9, 'orange'],
            [1, 'red'],
          ],
        },
        {
          title: 'Window ends in',
          expr: perScope(`${of('keyward_key_sign_until_timestamp_seconds', 'state="active"')} - time()`),
          unit: 's',
          base: 'red',
          thresholds: [
            [0, 'orange'],
            [1800, 'green'],
          ],
        },
        {
          title: 'Until rotation',
          expr: perScope(`${of('keyward_next_rotation_timestamp_seconds')} - time()`),
          unit: 's',
        },
        {
          title: 'Overdue by',
          expr: perScope(`clamp_min(time() - ${of('keyward_rotation_due_timestamp_seconds')}, 0)`),
          unit: 's',
          thresholds: [[300, 'red']],
        },
        ...['paused', 'no_standby', 'standby_away', 'standby_too_new'].map((obstacle) => ({
          title: obstacle,
          expr: perScope(of('keyward_rotation_obstacle', `obstacle="${obstacle}"`)),
          unit: 'short',
          thresholds: [[1, 'orange']] as const,
        })),
        {
          title: 'Failover',
          expr: perScope(of('keyward_failover_ready')),
          unit: 'short',
          base: 'orange',
          thresholds: [[1, 'green']],
        },
        { title: 'Age of the standby', expr: perScope(age('pre_activation')), unit: 's' },
      ],
    }),
    graph({
      title: 'Signing window used',
      description: 'Beyond 100 % nothing is signed. Each fall is a rotation.',
      unit: 'percentunit',
      thresholds: [
        [0.75, 'yellow'],
        [0.9, 'orange'],
        [1, 'red'],
      ],
      queries: [{ expr: of('keyward_key_window_used_ratio'), legend: '{{instance}} {{scope}}' }],
    }),
    graph({
      title: 'Keys, by state',
      description:
        'Each scope has one `active` key and one `pre_activation`, its standby; those destroyed are left out.',
      unit: 'short',
      style: 'stacked',
      queries: [
        {
          expr: `sum by (state) (max by (scope, state) (${of('keyward_keys', 'state!="destroyed"')}))`,
          legend: '{{state}}',
        },
      ],
    }),
    graph({
      title: 'Keys in doubt',
      description:
        'Not proven by read-back, missing from the HSM, or left out because registry and binding record disagree. None of them serves.',
      unit: 'short',
      thresholds: [[1, 'red']],
      queries: [
        {
          expr: `sum by (instance, scope, status) (${of('keyward_key_proofs', 'status=~"unproven|missing"')}) > 0`,
          legend: '{{instance}} {{scope}} {{status}}',
        },
        { expr: `${of('keyward_key_refused')} > 0`, legend: '{{instance}} refused' },
      ],
    }),
    graph({
      title: 'Verifiers that follow',
      description:
        'Connected relying services, and those of them that do not hold the key set that is published.',
      unit: 'short',
      width: 12,
      queries: [
        { expr: `sum by (scope) (${of('keyward_verifiers_connected')})`, legend: '{{scope}} connected' },
        { expr: `sum by (scope) (${of('keyward_verifiers_lagging')})`, legend: '{{scope}} lagging' },
      ],
    }),
    graph({
      title: 'Proposals that wait',
      description: 'Changes that another operator has to approve: `keyward proposal list`.',
      unit: 'short',
      width: 12,
      queries: [{ expr: of('keyward_proposals_open'), legend: '{{instance}}' }],
    }),
  ],
};
