import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuleTest {
  readonly name: string;
  readonly input_series: readonly { readonly series: string }[];
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly object[] }[];
}

export const PROMETHEUS_FOLDER = fileURLToPath(new URL('../../deploy/prometheus/', import.meta.url));

const read = (file: string) => parse(readFileSync(`${PROMETHEUS_FOLDER}${file}`, 'utf8'));

/** All rules that are shipped, in order. */
export function shippedRules(): readonly Rule[] {
  return (read('keyward.rules.yml') as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules);
}

export const shippedAlerts = (): readonly Rule[] => shippedRules().filter(({ alert }) => alert !== undefined);

/** Their unit tests, as promtool reads them. */
export function ruleTests(): readonly RuleTest[] {
  return (read('keyward.test.yml') as { tests: RuleTest[] }).tests;
}
