import { describe } from 'vitest';
import { createLedger, createLedgerReader } from '../../src/ledger/durable-ledger.ts';
import { openTestStore } from '../support/open-test-store.ts';
import { ownedPostgres } from '../support/postgres/owned.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';
import { ledgerReaderContract } from './ledger-reader-contract.ts';

describe.skipIf(NO_POSTGRES)('with a server', () => {
  ledgerReaderContract(POSTGRES, async () => {
    const { store } = await openTestStore({ postgres: await ownedPostgres() });
    return { ledger: createLedger(store.records), reader: createLedgerReader(store.ledger.lookups) };
  });
});
