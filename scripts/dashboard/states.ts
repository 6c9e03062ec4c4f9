import type { Described, Panel } from './panel.ts';
import { steps } from './panel.ts';

interface States extends Omit<Described, 'unit' | 'thresholds'> {
  /** The text and the colour of each value, from 0 on. */
  readonly states: readonly (readonly [text: string, color: string])[];
}

/** A band for each series, coloured by the state that it was in. */
export function states({ title, description, queries, width = 12, states: named }: States): Panel {
  const options = Object.fromEntries(named.map(([text, color], index) => [index, { color, index, text }]));
  return {
    type: 'state-timeline',
    title,
    description,
    width,
    height: 8,
    queries,
    fieldConfig: {
      defaults: {
        color: { mode: 'thresholds' },
        custom: { fillOpacity: 80, lineWidth: 0 },
        mappings: [{ options, type: 'value' }],
        thresholds: steps(),
      },
      overrides: [],
    },
    options: {
      alignValue: 'left',
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
      mergeValues: true,
      rowHeight: 0.8,
      showValue: 'auto',
      tooltip: { mode: 'single', sort: 'none' },
    },
  };
}
