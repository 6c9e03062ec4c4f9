import { graph } from '../graph.ts';
import type { Row } from '../layout.ts';
import { gainOf, of } from '../selector.ts';
import { states } from '../states.ts';

const signer = (state: string) =>
  `sum by (instance, hsm_token) (${of('keyward_signer_state', `state="${state}"`)})`;

export const HSM: Row = {
  title: 'HSM',
  panels: [
    states({
      title: 'State of each HSM token',
      description:
        'While it is away, its keys sign nothing; scopes with a standby on another token go on. `latched`: its PIN was rejected, and is not tried again by itself.',
      queries: [
        {
          expr: `${signer('starting')} + 2 * ${signer('away')} + 3 * ${signer('latched')}`,
          legend: '{{instance}} {{hsm_token}}',
        },
      ],
      states: [
        ['ready', 'green'],
        ['starting', 'yellow'],
        ['away', 'red'],
        ['latched', 'purple'],
      ],
    }),
    graph({
      title: 'Signers replaced',
      description: 'Processes that hung, ended or held a handle in doubt. Callers get 503 meanwhile.',
      unit: 'short',
      style: 'bars',
      width: 12,
      queries: [{ expr: gainOf('keyward_signer_replacements_total'), legend: '{{instance}} {{hsm_token}}' }],
    }),
    graph({
      title: 'What the inventory found',
      description: 'How an HSM token differs from the registry, at the last look. Nothing of it is adopted.',
      unit: 'short',
      width: 12,
      thresholds: [[1, 'red']],
      queries: [
        {
          expr: `${of('keyward_inventory_findings')} > 0`,
          legend: '{{instance}} {{hsm_token}} {{kind}}',
        },
      ],
    }),
    graph({
      title: 'Age of the inventory',
      description: 'It is taken each hour, and when something is in doubt.',
      unit: 's',
      width: 12,
      thresholds: [[10_800, 'orange']],
      queries: [{ expr: of('keyward_inventory_age_seconds'), legend: '{{instance}} {{hsm_token}}' }],
    }),
  ],
};
