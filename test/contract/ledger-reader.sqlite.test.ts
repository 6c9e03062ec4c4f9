import { createLedger, createLedgerReader } from '../../src/ledger/durable-ledger.ts';
import { openTestStore } from '../support/open-test-store.ts';
import { ledgerReaderContract } from './ledger-reader-contract.ts';

ledgerReaderContract('SQLite', async () => {
  const { store } = await openTestStore();
  return { ledger: createLedger(store.records), reader: createLedgerReader(store.ledger.lookups) };
});
