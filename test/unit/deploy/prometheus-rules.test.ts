import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SEVERITIES } from '../../../src/domain/security-event-types.ts';
import { headings } from '../../support/headings.ts';
import { PROMETHEUS_FOLDER, ruleTests, shippedAlerts } from '../../support/prometheus-rules.ts';

/** A day of made-up time, on a machine that may have other things to do. */
const PATIENCE_MS = 180_000;
const ROOT = new URL('../../../', import.meta.url);
const promtool = (...argv: string[]) =>
  spawnSync('promtool', argv, { cwd: PROMETHEUS_FOLDER, encoding: 'utf8' });
const noPromtool = promtool('--version').error !== undefined;

describe.skipIf(noPromtool)(
  noPromtool ? 'promtool: not here (apt-get install prometheus)' : 'promtool',
  () => {
    it('finds the rules well formed', () => {
      const { status, stdout, stderr } = promtool('check', 'rules', '--lint-fatal', 'keyward.rules.yml');
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toContain('SUCCESS');
    });

    it('sees each alert fire where it should, and nowhere else', { timeout: PATIENCE_MS }, () => {
      const { status, stdout, stderr } = promtool('test', 'rules', 'keyward.test.yml');
      expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')]);
    });

    it('finds the example of a configuration well formed', () => {
      const { status, stdout, stderr } = promtool(
        'check',
        'config',
        '--syntax-only',
        'prometheus.example.yml',
      );
      expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')]);
    });
  },
);

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
