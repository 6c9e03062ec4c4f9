import { type Described, type Panel, steps } from './panel.ts';

interface Stat extends Omit<Described, 'queries'> {
  readonly expr: string;
  readonly decimals?: number;
  /** The colour below the first threshold. */
  readonly base?: string;
  /** Shown where there is nothing to show. */
  readonly none?: string;
  readonly mappings?: readonly object[];
}

/** One number, whose background says how bad it is. */
export function stat(given: Stat): Panel {
  const {
    title,
    description,
    unit,
    expr,
    thresholds,
    width = 3,
    decimals,
    base,
    none = '–',
    mappings = [],
  } = given;
  return {
    type: 'stat',
    title,
    description,
    width,
    height: 4,
    queries: [{ expr }],
    instant: true,
    fieldConfig: {
      defaults: {
        color: { mode: 'thresholds' },
        mappings,
        noValue: none,
        thresholds: steps(thresholds, base),
        unit,
        ...(decimals === undefined ? {} : { decimals }),
      },
      overrides: [],
    },
    options: {
      colorMode: 'background',
      graphMode: 'none',
      justifyMode: 'center',
      orientation: 'auto',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      textMode: 'value',
    },
  };
}
