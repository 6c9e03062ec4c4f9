import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openReader } from '../../../src/db/open-engine.ts';
import type { Reader } from '../../../src/db/reader.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestWriter } from '../../support/open-test-writer.ts';

const jtis = (reader: Reader) =>
  reader.read(async (trx) => {
    const rows = await trx.selectFrom('issuance_records').select('jti').execute();
    return rows.map(({ jti }) => jti);
  });

it('sees what the writer has committed', async () => {
  const { writer, file } = await openTestWriter();
  const reader = await openReader({ file });
  expect(await jtis(reader)).toEqual([]);
  await writer.append(issuanceRecord(1));
  expect(await jtis(reader)).toEqual(['jti-1']);
  await reader.close();
});

it('cannot write', async () => {
  const { file } = await openTestWriter();
  const reader = await openReader({ file });
  await expect(reader.read((trx) => trx.deleteFrom('clients').execute())).rejects.toMatchObject({
    code: 'store_unavailable',
    cause: { code: 8 },
  });
  await reader.close();
});

it('keeps two readings that overlap apart', async () => {
  const { writer, file } = await openTestWriter();
  await writer.append(issuanceRecord(1));
  const reader = await openReader({ file });
  expect(await Promise.all([jtis(reader), jtis(reader)])).toEqual([['jti-1'], ['jti-1']]);
  await reader.close();
});

it('is unavailable while there is no file, and reads once there is one', async () => {
  const file = join(folderOfTest(), 'keyward.db');
  const reader = await openReader({ file });
  await expect(jtis(reader)).rejects.toMatchObject({ code: 'store_unavailable', cause: { code: 14 } });
  await openTestWriter({ file });
  expect(await jtis(reader)).toEqual([]);
  await reader.close();
});
