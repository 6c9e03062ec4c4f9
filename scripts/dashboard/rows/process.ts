import { graph } from '../graph.ts';
import type { Row } from '../layout.ts';
import { of, rateOf } from '../selector.ts';

export const PROCESS: Row = {
  title: 'Process',
  panels: [
    graph({
      title: 'Processor',
      description: 'Of the front; the signers are processes of their own.',
      unit: 'percentunit',
      queries: [{ expr: rateOf('process_cpu_seconds_total', 'job="keyward"'), legend: '{{instance}}' }],
    }),
    graph({
      title: 'Memory',
      description: 'Of the front: what the operating system counts.',
      unit: 'bytes',
      queries: [{ expr: of('process_resident_memory_bytes', 'job="keyward"'), legend: '{{instance}}' }],
    }),
    graph({
      title: 'Delay of the event loop',
      description: 'How late a timer runs, for 99 of 100: what every request waits beside its own work.',
      unit: 's',
      queries: [{ expr: of('nodejs_eventloop_lag_p99_seconds', 'job="keyward"'), legend: '{{instance}}' }],
    }),
    graph({
      title: 'Telemetry that was lost',
      description: 'Spans that no collector got, and failed attempts to send; nothing where tracing is off.',
      unit: 'cps',
      queries: [
        { expr: rateOf('keyward_spans_lost_total', 'job="keyward"'), legend: '{{instance}} {{why}}' },
        {
          expr: rateOf('keyward_telemetry_exports_total', 'job="keyward",outcome="failed"'),
          legend: '{{instance}} {{signal}}',
        },
      ],
    }),
  ],
};
