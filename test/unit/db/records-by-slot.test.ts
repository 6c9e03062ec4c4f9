import { sql, type Transaction } from 'kysely';
import { expect, it } from 'vitest';
import { recordsBySlot } from '../../../src/db/migrations/0010-records-by-slot.ts';
import { callersJti } from '../../../src/db/migrations/0012-callers-jti.ts';
import type { Schema } from '../../../src/db/schema.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { chainFaultsIn } from '../../support/ledger-chain.ts';
import { onConnection } from '../../support/on-connection.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { openTestWriter } from '../../support/open-test-writer.ts';
import { query, recordsIn } from '../../support/store-database.ts';

/** The table as it was before, whose index knew no time. */
const TABLE_OF_BEFORE = `CREATE TABLE issuance_records (sequence INTEGER PRIMARY KEY NOT NULL,
  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), scope_id TEXT NOT NULL, kid TEXT NOT NULL, jti TEXT NOT NULL,
  client_id TEXT NOT NULL, subject TEXT, root TEXT, iat INTEGER NOT NULL, exp INTEGER NOT NULL, salt BLOB,
  subject_commitment BLOB, root_commitment BLOB, group_sequence INTEGER NOT NULL) STRICT`;

async function databaseOfBefore() {
  const { writer, run, file } = await openTestWriter();
  for (const n of [0, 1, 2]) await writer.append(issuanceRecord(n));
  await onConnection(file, async (trx) => {
    await sql`ALTER TABLE issuance_records RENAME TO kept`.execute(trx);
    await sql`DROP INDEX issuance_records_slot`.execute(trx);
    await sql.raw(TABLE_OF_BEFORE).execute(trx);
    await sql`INSERT INTO issuance_records SELECT * FROM kept`.execute(trx);
    await sql`DROP TABLE kept`.execute(trx);
  });
  return { writer, run, file };
}

async function bringUpToDate(trx: Transaction<Schema>): Promise<void> {
  await recordsBySlot.up(trx);
  await callersJti.up(trx);
}

it('takes all rows along, so that each is found and the chain holds', async () => {
  const { writer, run, file } = await databaseOfBefore();
  await onConnection(file, bringUpToDate);
  await writer.append(issuanceRecord(3));
  expect(recordsIn(file)).toEqual([0, 1, 2, 3].map((n) => issuanceRecord(n)));
  expect(chainFaultsIn(file)).toEqual({ faults: [], uncovered: 0 });
  await writer.close();
  const { store } = await openTestStore({ file });
  await store.ledger.open([run], 0);
  for (const n of [0, 3]) {
    const { digest, iat, jti } = issuanceRecord(n);
    expect(await store.ledger.lookups.find(digest, iat)).toMatchObject({ jti });
  }
});

it('takes rows along that lie further apart than a step', async () => {
  const { file } = await databaseOfBefore();
  query(file, 'UPDATE issuance_records SET sequence = sequence + 250000 WHERE sequence > 1 RETURNING 1');
  await onConnection(file, bringUpToDate);
  expect(query(file, 'SELECT sequence FROM issuance_records ORDER BY sequence')).toEqual([
    { sequence: 1 },
    { sequence: 250_002 },
    { sequence: 250_003 },
  ]);
});

it('refuses a second record of the same digest as before', async () => {
  const { writer, file } = await databaseOfBefore();
  await onConnection(file, bringUpToDate);
  await expect(writer.append(issuanceRecord(1))).rejects.toMatchObject({ code: 'internal' });
  await writer.append(issuanceRecord(4));
  expect(recordsIn(file).map(({ jti }) => jti)).toEqual(['jti-0', 'jti-1', 'jti-2', 'jti-4']);
});
