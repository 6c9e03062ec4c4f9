import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig } from '../../../src/config.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const hsm = { module: 'm.so', token_label: 'kw', token_serial: '1', pin_file: 'pin' };

function loading(reports?: object) {
  const file = join(folderOfTest(), 'config.yaml');
  writeFileSync(file, stringify({ hsm, ...(reports ? { reports } : {}) }));
  return () => loadConfig(file).reports;
}

it('reports are taken and bounded unless told otherwise', () => {
  expect(loading()()).toEqual({
    per_network_per_hour: 20,
    per_minute: 30,
    per_day: 2_000,
    events_per_minute: 10,
    overdue_hours: 24,
    erase_after_days: 180,
  });
});

it.each([
  ['per_network_per_hour', 1, 10_000],
  ['per_minute', 1, 10_000],
  ['per_day', 1, 1_000_000],
  ['events_per_minute', 1, 1_000],
  ['overdue_hours', 1, 720],
  ['erase_after_days', 1, 3_650],
] as const)('%s is a whole number from %i to %i', (member, least, most) => {
  for (const value of [least, most]) expect(loading({ [member]: value })()[member]).toBe(value);
  for (const value of [least - 1, most + 1, least + 0.5]) {
    expect(loading({ [member]: value })).toThrow(`reports.${member}`);
  }
});

it('a member that is none is refused', () => {
  expect(loading({ per_hour: 5 })).toThrow(/reports/);
});
