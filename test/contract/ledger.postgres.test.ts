import { describe } from 'vitest';
import { createLedger } from '../../src/ledger/durable-ledger.ts';
import { openTestStore } from '../support/open-test-store.ts';
import { ownedPostgres } from '../support/postgres/owned.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';
import { recordsOfPostgres } from '../support/store-database.ts';
import { ledgerContract } from './ledger-contract.ts';

describe.skipIf(NO_POSTGRES)('with a server', () => {
  ledgerContract(POSTGRES, async () => {
    const postgres = await ownedPostgres();
    const { store } = await openTestStore({ postgres });
    return { ledger: createLedger(store.records), recorded: () => recordsOfPostgres(postgres.url) };
  });
});
