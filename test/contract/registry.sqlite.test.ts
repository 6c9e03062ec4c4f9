import { openTestStore } from '../support/open-test-store.ts';
import { auditEventsIn } from '../support/store-database.ts';
import { registryContract } from './registry-contract.ts';

registryContract('SQLite', async () => {
  const { store, file } = await openTestStore();
  return {
    registry: store.registry,
    reopen: async () => (await openTestStore({ file })).store.registry,
    audited: async () => auditEventsIn(file),
  };
});
