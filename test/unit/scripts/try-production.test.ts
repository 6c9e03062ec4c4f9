import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sectionsOf } from '../../../scripts/try-production/guide.ts';
import { ROOT } from '../../support/pages.ts';

const page = readFileSync(`${ROOT}docs/production.md`, 'utf8');
const steps = sectionsOf(page).flatMap((section) => section.steps);
const commands = steps.flatMap((step) => (step.kind === 'command' ? [step] : []));

describe('docs/production.md, as scripts/try-production.ts reads it', () => {
  it('has nothing in a fenced block but commands of people that there are, and files', () => {
    const blocks = [...page.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
    const lines = blocks
      .filter((block) => !/^# \S+\.yaml\n/.test(block))
      .flatMap((block) => block.trim().split('\n'));
    expect(commands).toHaveLength(lines.length);
    expect([...new Set(commands.map(({ who }) => who))]).toEqual(['root', 'alice', 'bob', 'login', 'orders']);
    const files = steps.flatMap((step) => (step.kind === 'file' ? [step.name] : []));
    expect(files).toEqual(['/etc/keyward-signer/signer.yaml', '/etc/keyward/config.yaml', 'scopes.yaml']);
  });

  it('goes from the package to a token that a relying service has verified, a backup and a drill', () => {
    const lines = commands.map(({ line }) => line);
    const of = (text: string) => lines.findIndex((line) => line.includes(text));
    const order = [
      'apt install ./keyward_',
      'keyward-offline init',
      'systemctl reload nginx',
      '/tokens',
      '/verify',
    ].map(of);
    expect(order).not.toContain(-1);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    for (const text of ['notify test', 'drill compromise', 'keyward backup', 'promtool check', 'doctor']) {
      expect([text, of(text)]).toEqual([text, expect.any(Number)]);
      expect(of(text)).toBeGreaterThan(0);
    }
  });

  it('takes its hour: what the sections say they take', () => {
    const minutes = [...page.matchAll(/^## .*\((\d+) minutes\)$/gm)].map(([, each]) => Number(each));
    expect(minutes.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(60);
  });
});
