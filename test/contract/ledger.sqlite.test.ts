import { createLedger } from '../../src/ledger/durable-ledger.ts';
import { openTestStore } from '../support/open-test-store.ts';
import { recordsIn } from '../support/store-database.ts';
import { ledgerContract } from './ledger-contract.ts';

ledgerContract('SQLite', async () => {
  const { store, file } = await openTestStore();
  return { ledger: createLedger(store.records), recorded: async () => recordsIn(file) };
});
