import { describe, expect, it, onTestFinished } from 'vitest';
import type { OwnSchema } from '../../../src/db/postgres/own-schema.ts';
import { ReachedServer } from '../../../src/db/postgres/reached-server.ts';
import { ReadConnection } from '../../../src/db/postgres/read-connection.ts';
import { SchemaFlag } from '../../../src/db/postgres/schema-flag.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { ownedPostgres } from '../../support/postgres/owned.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import { queryPostgres } from '../../support/store-database.ts';

async function ledgerOfTwoGroups() {
  const postgres = await ownedPostgres();
  const { store } = await openTestStore({ postgres });
  for (const n of [1, 2]) await store.records.append(issuanceRecord(n));
  const { own } = postgres.owner as typeof postgres.owner & { readonly own: OwnSchema };
  const connection = new ReadConnection({
    database: postgres.database,
    own,
    reached: new ReachedServer().memory,
    changed: new SchemaFlag().memory,
  });
  onTestFinished(() => connection.close());
  return { ...postgres, store, connection };
}

describe.skipIf(NO_POSTGRES)(`absence on ${POSTGRES}`, () => {
  it('is confirmed where the ledger reaches the last group that was acknowledged, or none is known', async () => {
    const { connection } = await ledgerOfTwoGroups();
    for (const end of [undefined, 0, 2]) await connection.confirmAbsence(end);
  });

  it('is not confirmed by a server that lacks acknowledged groups, as one promoted out of sync does', async () => {
    const { connection, store, url } = await ledgerOfTwoGroups();
    const lost = issuanceRecord(2);
    for (const table of ['issuance_records', 'ledger_row_hashes'])
      await queryPostgres(url, `DELETE FROM ${table} WHERE group_sequence = 2`);
    await queryPostgres(url, 'DELETE FROM ledger_groups WHERE sequence = 2');
    await expect(connection.confirmAbsence(2)).rejects.toMatchObject({ condition: 'unproven' });
    await expect(store.ledger.lookups.find(lost.digest, lost.iat)).rejects.toMatchObject({
      code: 'store_unavailable',
    });
  });
});
