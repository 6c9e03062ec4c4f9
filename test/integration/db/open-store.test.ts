import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { NOON, openTestStore } from '../../support/open-test-store.ts';
import { query, recordsIn } from '../../support/store-database.ts';

const permissions = (file: string) => (statSync(file).mode & 0o777).toString(8);

describe('openStore', () => {
  it('makes every table strict', async () => {
    const { file } = await openTestStore();
    const tables = query(
      file,
      `SELECT name, strict FROM pragma_table_list WHERE schema = 'main' ORDER BY name`,
    );
    const ours = tables.filter(({ name }) => !/^(?:sqlite|kysely)_/.test(String(name)));
    expect(ours.length).toBeGreaterThan(10);
    expect(ours.filter(({ strict }) => strict !== 1)).toEqual([]);
  });

  it('keeps the database and its log to their owner, an older and wider file included', async () => {
    const file = join(folderOfTest(), 'keyward.db');
    const first = await openTestStore({ file });
    await first.store.close();
    chmodSync(file, 0o644);
    await openTestStore({ file });
    expect([file, `${file}-wal`].map(permissions)).toEqual(['600', '600']);
  });

  it('finds again what was recorded before, in a folder of any name', async () => {
    const file = join(folderOfTest(), 'a b?c#d%20é.db');
    const first = await openTestStore({ file });
    await first.store.records.append(issuanceRecord(1));
    await first.store.close();
    const second = await openTestStore({ file });
    await second.store.records.append(issuanceRecord(2));
    expect(recordsIn(file)).toEqual([issuanceRecord(1), issuanceRecord(2)]);
  });

  it.each([
    ['a newer version has changed', `INSERT INTO kysely_migration VALUES ('9999-tomorrow', '2999-01-01')`],
    ['has another beginning', `UPDATE kysely_migration SET name = '0001-foundation'`],
  ])('refuses a database that %s', async (_, sql) => {
    const { file, store } = await openTestStore();
    await store.close();
    query(file, sql);
    await expect(openTestStore({ file })).rejects.toMatchObject({
      code: 'invalid_config',
      message: 'database: its tables are not of this version; start the version that last used it',
    });
  });

  it('probes by a write that it reads back', async () => {
    const { file, store } = await openTestStore();
    await store.probe();
    await store.probe();
    expect(query(file, 'SELECT * FROM readiness')).toEqual([{ id: 1, checked_at: NOON.nowSeconds() }]);
  });
});
