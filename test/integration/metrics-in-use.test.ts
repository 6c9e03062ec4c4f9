import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DocumentedMetric, documentedMetrics } from '../../scripts/metrics/documented-metrics.ts';
import { labelMeaning } from '../../scripts/metrics/label-values.ts';
import { dashboardExpressions } from '../support/dashboard.ts';
import { readExposition, type SeenLabels } from '../support/exposition.ts';
import { ruleTests, shippedRules } from '../support/prometheus-rules.ts';
import { type Matcher, readExpression } from '../support/promql.ts';
import { type RunningService, startService } from '../support/running-service.ts';

/** Prometheus adds these to all it scrapes, and these metrics of its own. */
const OF_THE_SCRAPE = ['job', 'instance'];
const OF_PROMETHEUS = new Set(['up', 'ALERTS']);
const RECORDED = new Set(shippedRules().map(({ record }) => record));

const documented = new Map(documentedMetrics().map((metric) => [metric.name, metric]));
let service: RunningService;
let exported: ReadonlyMap<string, SeenLabels>;
let routes: readonly string[];

beforeAll(async () => {
  service = await startService();
  const { sign, verify } = await service.provision({ id: 'payments' });
  const issued = await service.data('POST', '/v1/scopes/payments/tokens', sign, { claims: { sub: 'alice' } });
  for (const token of [issued.body.token, 'nonsense']) {
    await service.data('POST', '/v1/scopes/payments/verify', verify, { token });
  }
  await service.data('POST', '/v1/scopes/payments/tokens', sign, { claims: { iss: 'mine' } });
  await service.operations('POST', '/v1/admin/inventory', {});
  exported = readExposition((await service.operations('GET', '/metrics')).body);
  const described = [
    await service.data('GET', '/openapi.json'),
    await service.operations('GET', '/openapi.json'),
  ];
  routes = described.flatMap(({ body }) => Object.keys(body.paths));
});

afterAll(() => service.remove());

describe('what the service exports', () => {
  it('is what docs/metrics.md describes, metric by metric', () => {
    const names = [...exported.keys()].map(familyOf).filter((name) => name.startsWith('keyward_'));
    expect([...new Set(names)].sort()).toEqual([...documented.keys()].sort());
  });

  it('has the labels that are described, with values of the closed sets', () => {
    for (const [name, labels] of exported) {
      const metric = documented.get(familyOf(name));
      if (!metric) continue;
      for (const [label, values] of labels) {
        expect([name, metric.labels]).toEqual([name, expect.arrayContaining([label])]);
        const closed = valuesOf(metric, label);
        if (closed) expect([name, label, closed]).toEqual([name, label, expect.arrayContaining([...values])]);
      }
    }
  });
});

describe.each(shippedRules().map(({ alert, record, expr }) => [alert ?? record ?? '', expr] as const))(
  'the rule %s',
  (_name, expression) => {
    it('asks for what the service exports', () => expectExported(expression));
  },
);

it.each(dashboardExpressions())('the dashboard asks for what the service exports: %s', (_where, expression) =>
  expectExported(expression),
);

it.each(ruleTests().map(({ name, input_series }) => [name, input_series] as const))(
  'the test of %s feeds what the service exports',
  (_name, input) => {
    for (const { series } of input) expectExported(series);
  },
);

function expectExported(expression: string): void {
  const { selectors, grouping } = readExpression(expression);
  expect(selectors).not.toEqual([]);
  for (const { metric, matchers } of selectors) {
    if (OF_PROMETHEUS.has(metric) || RECORDED.has(metric)) continue;
    expect([...exported.keys()]).toContain(metric);
    for (const matcher of matchers) expectMatchable(metric, matcher);
  }
  const known = selectors.flatMap(({ metric }) => documented.get(familyOf(metric))?.labels ?? []);
  const groupable = selectors.some(({ metric }) => RECORDED.has(metric) || OF_PROMETHEUS.has(metric))
    ? grouping
    : [...OF_THE_SCRAPE, ...known];
  expect(groupable).toEqual(expect.arrayContaining(grouping));
}

function expectMatchable(name: string, { label, operator, value }: Matcher): void {
  const metric = documented.get(familyOf(name));
  if (OF_THE_SCRAPE.includes(label)) return;
  expect([name, metric?.labels]).toEqual([name, expect.arrayContaining([label])]);
  const closed = metric && valuesOf(metric, label);
  if (!closed || value.startsWith('$')) return;
  for (const each of operator.endsWith('~') ? alternatives(value) : [escaped(value)]) {
    expect([name, label, closed.filter((one) => new RegExp(`^(?:${each})$`).test(one))]).not.toEqual([
      name,
      label,
      [],
    ]);
  }
}

const alternatives = (pattern: string) => (pattern.includes('(') ? [pattern] : pattern.split('|'));
const escaped = (value: string) => value.replaceAll(/[^\w]/g, '\\$&');

function valuesOf({ name }: DocumentedMetric, label: string): readonly string[] | undefined {
  return label === 'route' ? [...routes, 'none'] : labelMeaning(name, label)?.values;
}

/** A histogram has three time series. */
function familyOf(name: string): string {
  const family = name.replace(/_(?:bucket|sum|count)$/, '');
  return documented.get(family)?.type === 'histogram' ? family : name;
}
