import { graph } from '../graph.ts';
import type { Row } from '../layout.ts';
import { of } from '../selector.ts';
import { states } from '../states.ts';

export const RECORDS: Row = {
  title: 'Records and time',
  panels: [
    graph({
      title: 'Disks',
      description:
        'Share in use, of what Keyward may use. Events come at 75 and 90 %; a full disk stops all issuing.',
      unit: 'percentunit',
      max: 1,
      thresholds: [
        [0.75, 'orange'],
        [0.9, 'red'],
      ],
      queries: [{ expr: of('keyward_disk_used_ratio'), legend: '{{instance}} {{holds}}' }],
    }),
    states({
      title: 'Audit sinks',
      description:
        'Whether each confirmed its last write. What a sink misses it gets later; with none, nothing that weakens can be changed.',
      width: 8,
      queries: [{ expr: of('keyward_audit_sink_up'), legend: '{{instance}} {{sink}}' }],
      states: [
        ['behind', 'red'],
        ['confirms', 'green'],
      ],
    }),
    graph({
      title: 'Age of the last checkpoint',
      description: 'One is signed each minute, or after a thousand events.',
      unit: 's',
      thresholds: [[300, 'orange']],
      queries: [{ expr: of('keyward_checkpoint_age_seconds'), legend: '{{instance}}' }],
    }),
    states({
      title: 'Clock',
      description: 'While the clock of the machine cannot be believed, no token is issued.',
      queries: [{ expr: of('keyward_clock_trusted'), legend: '{{instance}}' }],
      states: [
        ['not believed', 'red'],
        ['believed', 'green'],
      ],
    }),
    graph({
      title: 'Clock against that of Prometheus',
      description: 'How far apart they are; up to a second of it is rounding.',
      unit: 's',
      width: 12,
      thresholds: [[5, 'orange']],
      queries: [
        {
          expr: `abs(${of('keyward_clock_timestamp_seconds')} - timestamp(${of('keyward_clock_timestamp_seconds')}))`,
          legend: '{{instance}}',
        },
      ],
    }),
  ],
};
