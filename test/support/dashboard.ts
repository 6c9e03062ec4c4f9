import { readFileSync } from 'node:fs';

export interface ShownPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: object;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly datasource: object;
  }[];
}

export interface ShippedDashboard {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[];
  };
  readonly panels: readonly ShownPanel[];
}

export const DASHBOARD_FILE = new URL('../../deploy/grafana/keyward.json', import.meta.url);

/** The dashboard as Grafana imports it. */
export function shippedDashboard(): ShippedDashboard {
  return JSON.parse(readFileSync(DASHBOARD_FILE, 'utf8'));
}

/** All that it asks Prometheus, each with where it is shown. */
export function dashboardExpressions(): readonly (readonly [where: string, expression: string])[] {
  const { panels, annotations, templating } = shippedDashboard();
  return [
    ...panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ refId, expr }) => [`${title}, ${refId}`, expr] as const),
    ),
    ...annotations.list.map(({ expr }) => ['annotations', expr] as const),
    ...templating.list.flatMap(({ name, definition }) => {
      const selector = definition?.match(/^label_values\((.*), \w+\)$/)?.[1];
      return selector === undefined ? [] : [[`variable ${name}`, selector] as const];
    }),
  ];
}
