import { graph } from '../graph.ts';
import type { Row } from '../layout.ts';
import { gainOf, of } from '../selector.ts';
import { states } from '../states.ts';
import { table } from '../table.ts';

export const EVENTS: Row = {
  title: 'Events',
  panels: [
    graph({
      title: 'Security events, by type',
      description: 'Each is told once; what each means and what to do is in docs/events.md.',
      unit: 'short',
      style: 'bars',
      width: 12,
      queries: [
        {
          expr: `sum by (type, severity) (${gainOf('keyward_security_events_total')}) > 0`,
          legend: '{{type}} ({{severity}})',
        },
      ],
    }),
    graph({
      title: 'Events that wait for somebody',
      description:
        'Open: nobody has acknowledged them. Acknowledged: somebody has, and they are not resolved.',
      unit: 'short',
      style: 'stacked',
      width: 12,
      queries: [
        {
          expr: `max by (severity, state) (${of('keyward_security_events_unresolved')})`,
          legend: '{{severity}}, {{state}}',
        },
      ],
    }),
    graph({
      title: 'Decoys used',
      description: 'Nobody has a right to use one: somebody found what was planted.',
      unit: 'short',
      style: 'bars',
      width: 12,
      queries: [
        {
          expr: `sum by (kind, use) (${gainOf('keyward_canary_touches_total')}) > 0`,
          legend: '{{kind}}, {{use}}',
        },
      ],
    }),
    graph({
      title: 'Reports',
      description: 'What people and services suspect: how many came, and how many are not closed.',
      unit: 'short',
      width: 12,
      queries: [
        { expr: `sum by (about) (${gainOf('keyward_reports_total')}) > 0`, legend: 'came: {{about}}' },
        { expr: `max by (state) (${of('keyward_reports_unclosed')})`, legend: 'not closed: {{state}}' },
      ],
    }),
    graph({
      title: 'Notifications',
      description:
        'Of each target: what waits for it, and what was given up (`keyward notify list --state dead`).',
      unit: 'short',
      width: 12,
      queries: [
        { expr: `max by (target) (${of('keyward_notifications_pending')})`, legend: '{{target}} pending' },
        { expr: `max by (target) (${of('keyward_notifications_dead')})`, legend: '{{target}} dead' },
      ],
    }),
    graph({
      title: 'Facts that detections missed',
      description: 'In a flood of different things at once. Issuing and its records miss nothing.',
      unit: 'short',
      style: 'bars',
      width: 12,
      thresholds: [[1, 'orange']],
      queries: [{ expr: gainOf('keyward_facts_dropped'), legend: '{{instance}}' }],
    }),
    table({
      title: 'Alerts that fire now',
      description: 'Of the rules in deploy/prometheus; Alertmanager has their text and runbook.',
      width: 12,
      none: 'none',
      rows: [
        ['alertname', 'Alert'],
        ['severity', 'Severity'],
        ['instance', 'Instance'],
        ['scope', 'Scope'],
      ],
      columns: [
        {
          title: 'Firing',
          expr: 'count by (alertname, severity, instance, scope) (ALERTS{alertname=~"Keyward.*", alertstate="firing", instance=~"$instance|"})',
          unit: 'short',
        },
      ],
    }),
    states({
      title: 'Rehearsals',
      description: 'Emergencies that nobody has rehearsed for too long: `keyward drill list`.',
      queries: [{ expr: of('keyward_drill_overdue'), legend: '{{instance}} {{drill}}' }],
      states: [
        ['rehearsed', 'green'],
        ['overdue', 'orange'],
      ],
    }),
  ],
};
