import { graph } from '../graph.ts';
import type { Row } from '../layout.ts';
import { of, rateOf } from '../selector.ts';
import { states } from '../states.ts';
import { table } from '../table.ts';

/** Of several on one database; with SQLite most of it is empty. */
export const FRONTS: Row = {
  title: 'Fronts',
  panels: [
    states({
      title: 'Who leads',
      description: 'One front rotates keys, takes checkpoints, notifies and probes. Another takes it over.',
      width: 8,
      queries: [{ expr: of('keyward_leader'), legend: '{{instance}}' }],
      states: [
        ['follows', 'blue'],
        ['leads', 'green'],
      ],
    }),
    graph({
      title: 'Fronts that have the database',
      description: 'As each sees it, and how many Prometheus has as targets.',
      unit: 'short',
      queries: [
        { expr: of('keyward_fronts'), legend: 'seen by {{instance}}' },
        { expr: 'count(up{job="keyward", instance=~"$instance"})', legend: 'targets' },
      ],
    }),
    graph({
      title: 'Since the last look at what others changed',
      description: 'A front looks five times a second. Past 5 s it accepts no token, and is not ready.',
      unit: 's',
      thresholds: [[5, 'red']],
      queries: [{ expr: of('keyward_follow_age_seconds'), legend: '{{instance}}' }],
    }),
    graph({
      title: 'Standbys of the database in sync',
      description: 'With fewer than `database.copies` no token is issued.',
      unit: 'short',
      queries: [
        { expr: `max(${of('keyward_database_standbys_in_sync')})`, legend: 'in sync' },
        { expr: `max(${of('keyward_database_standbys_required')})`, legend: 'required' },
      ],
    }),
    graph({
      title: 'Groups of records that waited for a restriction',
      description:
        'Refused once, since another front had restricted something, and sent again without what fell under it.',
      unit: 'cps',
      queries: [{ expr: rateOf('keyward_ledger_groups_fenced_total'), legend: '{{instance}}' }],
    }),
    table({
      title: 'Versions',
      description: 'During a rolling upgrade there are two.',
      width: 8,
      rows: [
        ['instance', 'Instance'],
        ['version', 'Version'],
      ],
      columns: [
        { title: 'Runs', expr: `max by (instance, version) (${of('keyward_build_info')})`, unit: 'short' },
      ],
    }),
  ],
};
