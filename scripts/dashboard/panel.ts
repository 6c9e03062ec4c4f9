/** One query, and what its series are called: a text with `{{label}}`. */
export interface Query {
  readonly expr: string;
  readonly legend?: string;
}

/** From which value on which colour. */
export type Thresholds = readonly (readonly [from: number, color: string])[];

/** What a panel says of itself; the layout gives it its place and its number. */
export interface Panel {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  /** Of 24 columns. */
  readonly width: number;
  /** In rows of the grid. */
  readonly height: number;
  readonly queries: readonly Query[];
  /** Asked once, for the end of the time range, rather than for each step of it. */
  readonly instant?: boolean;
  readonly format?: 'table' | 'heatmap';
  readonly fieldConfig: object;
  readonly options: object;
  readonly transformations?: readonly object[];
}

/** What most panels are given. */
export interface Described {
  readonly title: string;
  readonly description: string;
  /** As Grafana calls it: `s`, `ops`, `percentunit`, `short`. */
  readonly unit: string;
  readonly queries: readonly Query[];
  readonly thresholds?: Thresholds;
  readonly width?: number;
}

/** Green up to the first threshold. */
export function steps(thresholds: Thresholds = [], base = 'green'): object {
  const from = thresholds.map(([value, color]) => ({ color, value }));
  return { mode: 'absolute', steps: [{ color: base, value: null }, ...from] };
}
