import { MemoryAccessStore } from '../support/memory-access-store.ts';
import { accessStoreContract } from './access-store-contract.ts';

accessStoreContract('memory', async () => {
  const store = new MemoryAccessStore();
  return { store, audited: async () => store.audited };
});
