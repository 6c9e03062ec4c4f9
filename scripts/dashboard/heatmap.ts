import type { Panel, Query } from './panel.ts';

interface Heatmap {
  readonly title: string;
  readonly description: string;
  readonly query: Query;
  readonly width?: number;
}

/** How the buckets of a histogram filled over time; their bounds are in seconds. */
export function heatmap({ title, description, query, width = 8 }: Heatmap): Panel {
  return {
    type: 'heatmap',
    title,
    description,
    width,
    height: 8,
    queries: [query],
    format: 'heatmap',
    fieldConfig: { defaults: { custom: { scaleDistribution: { type: 'linear' } } }, overrides: [] },
    options: {
      calculate: false,
      cellGap: 1,
      color: {
        mode: 'scheme',
        scheme: 'Oranges',
        steps: 64,
        exponent: 0.5,
        scale: 'exponential',
        reverse: false,
      },
      filterValues: { le: 1e-9 },
      legend: { show: true },
      rowsFrame: { layout: 'auto' },
      tooltip: { mode: 'single', yHistogram: false },
      yAxis: { axisPlacement: 'left', reverse: false, unit: 's' },
    },
  };
}
