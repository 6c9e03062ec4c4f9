import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SEVERITIES } from '../../../src/kernel/security-event-types.ts';
import { headings } from '../../support/headings.ts';
import { ruleTests, shippedAlerts } from '../../support/prometheus-rules.ts';
import { NO_PROMTOOL, PROMTOOL, promtool } from '../../support/promtool.ts';

/** A day of made-up time, on a machine that may have other things to do. */
const PATIENCE_MS = 180_000;
const ROOT = new URL('../../../', import.meta.url);

const SUCCESS = { code: 0, said: expect.stringContaining('SUCCESS') };

describe.skipIf(NO_PROMTOOL)(PROMTOOL, () => {
  it('finds the rules well formed', () => {
    expect(promtool('check', 'rules', '--lint-fatal', 'keyward.rules.yml')).toEqual(SUCCESS);
  });

  it('sees each alert fire where it should, and nowhere else', { timeout: PATIENCE_MS }, () => {
    expect(promtool('test', 'rules', 'keyward.test.yml')).toEqual(SUCCESS);
  });

  it('finds the example of a configuration well formed', () => {
    expect(promtool('check', 'config', '--syntax-only', 'prometheus.example.yml')).toEqual(SUCCESS);
  });
});

describe.each(shippedAlerts().map((rule) => [rule.alert ?? '', rule] as const))('%s', (name, rule) => {
  it('says how bad it is, what has happened, and what to do', () => {
    expect(SEVERITIES).toContain(rule.labels?.severity);
    expect(rule.annotations?.summary).toMatch(/\.$/);
    const [file = '', anchor] = rule.annotations?.runbook_url?.split('#') ?? [];
    expect(file).toMatch(/^docs\/runbooks\//);
    expect(existsSync(new URL(file, ROOT))).toBe(true);
    expect(headings(readFileSync(new URL(file, ROOT), 'utf8'))).toContain(anchor);
  });

  it('has a case that fires, with a neighbour that does not', () => {
    const tests = ruleTests().filter(({ alert_rule_test }) =>
      alert_rule_test.some(({ alertname }) => alertname === name),
    );
    const fires = tests.filter(({ alert_rule_test }) =>
      alert_rule_test.some(({ exp_alerts }) => exp_alerts.length > 0),
    );
    expect(fires).toHaveLength(1);
    const instances = tests.flatMap(({ input_series }) =>
      input_series.map(({ series }) => series.match(/instance="(\w+)"/)?.[1]),
    );
    expect(instances).toEqual(expect.arrayContaining(['ill', 'well']));
  });
});

it('every alert has a name of its own', () => {
  const names = shippedAlerts().map(({ alert }) => alert);
  expect(names).toEqual([...new Set(names)]);
});
