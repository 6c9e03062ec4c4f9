import { openTestStore } from '../support/open-test-store.ts';
import { auditEventsIn } from '../support/store-database.ts';
import { proposalStoreContract } from './proposal-store-contract.ts';

proposalStoreContract('SQLite', async () => {
  const { store, file } = await openTestStore();
  return { store: store.proposals, audited: async () => auditEventsIn(file) };
});
