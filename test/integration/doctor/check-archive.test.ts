import { renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import type { Config } from '../../../src/config.ts';
import { checkArchive } from '../../../src/doctor/check-archive.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestStore } from '../../support/open-test-store.ts';

const DAY = 86_400;
const DUE = { committedBefore: 1_760_000_000 + DAY + 1, expiredBefore: 1_760_000_000 + DAY };

it('finds each segment that the database lists, or names those that are not there', async () => {
  const { store, file } = await openTestStore({ file: join(folderOfTest(), 'keyward.db') });
  const archive_dir = join(dirname(file), 'ledger-archive');
  const check = () => checkArchive({ database: { file }, ledger: { archive_dir } } as Config);
  expect(await check()).toMatchObject([{ check: 'archive', level: 'ok' }]);
  await store.records.append(issuanceRecord(1));
  expect(await store.ledger.archives.seal(DUE)).toBe(1);
  expect(await check()).toMatchObject([{ level: 'ok' }]);
  const segment = join(archive_dir, 'segment-000001.db');
  renameSync(segment, `${segment}.elsewhere`);
  expect(await check()).toEqual([
    {
      check: 'archive',
      level: 'fail',
      summary: `${archive_dir} lacks segment-000001.db`,
      advice: expect.stringContaining('docs/runbooks/several-fronts.md#ledgerarchive_missing'),
    },
  ]);
  await store.ledger.archives.remove(() => false);
  renameSync(`${segment}.elsewhere`, segment);
  await store.ledger.archives.remove(() => true);
  expect(await check()).toMatchObject([{ level: 'ok' }]);
});

it('says nothing of a database that is not there: another check does', async () => {
  const database = { file: join(folderOfTest(), 'keyward.db') };
  expect(await checkArchive({ database, ledger: { archive_dir: '/nowhere' } } as Config)).toEqual([]);
});
