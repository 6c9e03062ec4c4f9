import { type Described, type Panel, steps } from './panel.ts';

interface Graph extends Described {
  /** Bars count what happened within a step; stacked, what they come to together. */
  readonly style?: 'line' | 'stacked' | 'bars';
  readonly max?: number;
  readonly overrides?: readonly object[];
}

/** A graph over time, with its thresholds as dashed lines. */
export function graph(given: Graph): Panel {
  const {
    title,
    description,
    unit,
    queries,
    thresholds,
    width = 8,
    style = 'line',
    max,
    overrides = [],
  } = given;
  const custom = {
    drawStyle: style === 'bars' ? 'bars' : 'line',
    fillOpacity: { line: 8, stacked: 30, bars: 80 }[style],
    lineWidth: 1,
    showPoints: 'never',
    spanNulls: false,
    stacking: { group: 'A', mode: style === 'line' ? 'none' : 'normal' },
    thresholdsStyle: { mode: thresholds ? 'dashed' : 'off' },
  };
  const defaults = {
    color: { mode: 'palette-classic' },
    custom,
    min: 0,
    thresholds: steps(thresholds),
    unit,
  };
  return {
    type: 'timeseries',
    title,
    description,
    width,
    height: 8,
    queries,
    fieldConfig: { defaults: { ...defaults, ...(max === undefined ? {} : { max }) }, overrides },
    options: {
      legend: { calcs: ['lastNotNull', 'max'], displayMode: 'table', placement: 'bottom', showLegend: true },
      tooltip: { hideZeros: true, mode: 'multi', sort: 'desc' },
    },
  };
}
