import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { laidOut } from '../../../scripts/dashboard/layout.ts';
import { stat } from '../../../scripts/dashboard/stat.ts';
import { dashboard } from '../../../scripts/dashboard.ts';
import {
  DASHBOARD_FILE,
  dashboardExpressions,
  type ShownPanel,
  shippedDashboard,
} from '../../support/dashboard.ts';
import { readExpression } from '../../support/promql.ts';
import { NO_PROMTOOL, PROMTOOL, promtool } from '../../support/promtool.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const PROMETHEUS = { type: 'prometheus', uid: '$datasource' };
const { panels, templating, uid, schemaVersion } = shippedDashboard();

/** Of a grid of 24 columns, every field that a panel lies on. */
const fields = ({ gridPos: { x, y, w, h } }: ShownPanel) =>
  Array.from({ length: w * h }, (_, at) => `${x + (at % w)}/${y + Math.floor(at / w)}`);

function expectTidy(shown: readonly ShownPanel[]): void {
  const ids = shown.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)]);
  for (const { gridPos } of shown) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  const taken = shown.flatMap(fields);
  expect(taken).toHaveLength(new Set(taken).size);
}

it('deploy/grafana/keyward.json is what the rows say: `npm run dashboard` brings it in step', () => {
  expect(readFileSync(DASHBOARD_FILE, 'utf8')).toBe(dashboard());
});

it('can be imported and provisioned: a uid of its own, the schema of a current Grafana, three variables', () => {
  expect([uid, schemaVersion]).toEqual(['keyward', 42]);
  expect(templating.list.map(({ name, type }) => [name, type])).toEqual([
    ['datasource', 'datasource'],
    ['instance', 'query'],
    ['scope', 'query'],
  ]);
});

it('has panels with ids of their own, none over another', () => expectTidy(panels));

it('puts what does not fit beside the others under the highest of them', () => {
  const panel = (height: number) => ({
    ...stat({ title: 't', description: 'd', unit: 's', expr: 'e', width: 9 }),
    height,
  });
  const shown = laidOut([
    { title: 'a', panels: [4, 8, 4].map(panel) },
    { title: 'b', panels: [panel(4)] },
  ]) as ShownPanel[];
  expectTidy(shown);
  expect(shown.map(({ gridPos: { x, y } }) => [x, y])).toEqual([
    [0, 0],
    [0, 1],
    [9, 1],
    [0, 9],
    [0, 13],
    [0, 14],
  ]);
});

describe.each(panels.filter(({ type }) => type !== 'row').map((panel) => [panel.title, panel] as const))(
  'the panel %s',
  (_title, { description, datasource, targets = [], type, fieldConfig }) => {
    it('says what it shows, in which unit, and asks the Prometheus that was chosen', () => {
      expect(description).toMatch(/[.`?]$/);
      expect(datasource).toEqual(PROMETHEUS);
      expect(targets).not.toEqual([]);
      const letters = targets.map(({ refId }) => refId);
      expect(letters).toEqual([...new Set(letters)]);
      for (const target of targets) expect(target.datasource).toEqual(PROMETHEUS);
      if (['timeseries', 'stat'].includes(type)) expect(fieldConfig?.defaults.unit).toMatch(/^[a-z]+$/);
    });
  },
);

it.each(dashboardExpressions().filter(([where]) => where !== 'variable instance'))(
  '%s asks for the instances that were chosen',
  (_where, expression) => {
    for (const { metric, matchers } of readExpression(expression).selectors) {
      const instance = matchers.find(({ label }) => label === 'instance');
      expect([metric, instance?.value.replace(/\|$/, '')]).toEqual([metric, '$instance']);
    }
  },
);

describe.skipIf(NO_PROMTOOL)(PROMTOOL, () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());

  it('finds what is asked well formed', () => {
    const rules = dashboardExpressions().map(([, expression], at) => ({
      record: `asked:${at}`,
      expr: expression.replaceAll(/\$__(?:rate_)?interval/g, '5m'),
    }));
    const file = join(folder.path, 'asked.yml');
    writeFileSync(file, stringify({ groups: [{ name: 'asked', rules }] }));
    expect(promtool('check', 'rules', file)).toEqual({
      code: 0,
      said: expect.stringContaining(`SUCCESS: ${rules.length} rules found`),
    });
  });
});
