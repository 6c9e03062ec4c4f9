import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig } from '../../../src/config.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const hsm = { module: 'm.so', token_label: 'kw', token_serial: '1', pin_file: 'pin' };

function loaded(ledger?: object) {
  const folder = folderOfTest();
  const file = join(folder, 'config.yaml');
  writeFileSync(file, stringify({ hsm, ...(ledger ? { ledger } : {}) }));
  return { folder, load: () => loadConfig(file).ledger };
}

it('keeps records 30 days in the database and two years beyond their keys, unless told otherwise', () => {
  const { folder, load } = loaded();
  expect(load()).toEqual({
    online_days: 30,
    retention_days: 730,
    archive_dir: join(folder, 'ledger-archive'),
  });
});

it('keeps records of 180 days, and refuses to keep them for less', () => {
  expect(loaded({ retention_days: 180 }).load().retention_days).toBe(180);
  expect(loaded({ retention_days: 179 }).load).toThrow(/ledger\.retention_days/);
});

it('finds the archive beside the configuration', () => {
  const { folder, load } = loaded({ archive_dir: 'records/old' });
  expect(load().archive_dir).toBe(join(folder, 'records/old'));
});
