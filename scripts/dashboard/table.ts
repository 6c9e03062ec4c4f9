import { type Panel, steps, type Thresholds } from './panel.ts';

interface Column {
  readonly title: string;
  /** One value for each combination of the labels that the rows are named by. */
  readonly expr: string;
  readonly unit: string;
  readonly thresholds?: Thresholds;
  readonly base?: string;
}

interface Table {
  readonly title: string;
  readonly description: string;
  /** The labels that name a row, in order, each with its heading. */
  readonly rows: readonly (readonly [label: string, title: string])[];
  readonly columns: readonly Column[];
  readonly width?: number;
  readonly none?: string;
}

/** A row for each combination of some labels, a column for each query. */
export function table({ title, description, rows, columns, width = 24, none }: Table): Panel {
  const letters = columns.map((_, at) => String.fromCharCode(65 + at));
  // With a single query there is nothing to be told apart, and Grafana names its column without a letter.
  const columnOf = (letter = '') => (columns.length > 1 ? `Value #${letter}` : 'Value');
  const names = [...rows, ...columns.map((column, at) => [columnOf(letters[at]), column.title] as const)];
  return {
    type: 'table',
    title,
    description,
    width,
    height: 8,
    queries: columns.map(({ expr }) => ({ expr })),
    instant: true,
    format: 'table',
    fieldConfig: {
      defaults: { custom: { align: 'left' }, thresholds: steps(), ...(none ? { noValue: none } : {}) },
      overrides: columns.map(override),
    },
    options: { cellHeight: 'sm', showHeader: true },
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: Object.fromEntries(names.map(([name], at) => [name, at])),
          renameByName: Object.fromEntries(names),
        },
      },
    ],
  };
}

function override({ title, unit, thresholds, base }: Column): object {
  const colored = thresholds && [
    { id: 'thresholds', value: steps(thresholds, base) },
    { id: 'custom.cellOptions', value: { type: 'color-text' } },
  ];
  return {
    matcher: { id: 'byName', options: title },
    properties: [{ id: 'unit', value: unit }, ...(colored ?? [])],
  };
}
