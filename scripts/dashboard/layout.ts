import { PROMETHEUS } from './datasource.ts';
import type { Panel } from './panel.ts';

/** A heading with the panels under it. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const COLUMNS = 24;

/** All panels in their places, row after row from the left, each with a number of its own. */
export function laidOut(rows: readonly Row[]): object[] {
  const placed: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    placed.push(heading(title, placed.length + 1, y));
    y += 1;
    let [x, height] = [0, 0];
    for (const panel of panels) {
      if (x + panel.width > COLUMNS) [x, y, height] = [0, y + height, 0];
      placed.push(shown(panel, placed.length + 1, { x, y }));
      x += panel.width;
      height = Math.max(height, panel.height);
    }
    y += height;
  }
  return placed;
}

function heading(title: string, id: number, y: number): object {
  return { collapsed: false, gridPos: { h: 1, w: COLUMNS, x: 0, y }, id, panels: [], title, type: 'row' };
}

function shown(panel: Panel, id: number, { x, y }: { x: number; y: number }): object {
  const { type, title, description, width, height, queries, instant = false, format, ...rest } = panel;
  return {
    datasource: PROMETHEUS,
    description,
    ...rest,
    gridPos: { h: height, w: width, x, y },
    id,
    targets: queries.map(({ expr, legend }, at) => ({
      datasource: PROMETHEUS,
      editorMode: 'code',
      expr,
      format: format ?? 'time_series',
      instant,
      legendFormat: legend ?? '__auto',
      range: !instant,
      refId: String.fromCharCode(65 + at),
    })),
    title,
    type,
  };
}
