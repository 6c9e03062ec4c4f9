import { openTestStore } from '../support/open-test-store.ts';
import { ALICE, keySample, made, placeSample, scopeSample } from '../support/registry-samples.ts';
import { auditEventsIn } from '../support/store-database.ts';
import { accessStoreContract } from './access-store-contract.ts';

accessStoreContract('SQLite', async () => {
  const { store, file } = await openTestStore();
  for (const [n, id] of ['payments', 'mail'].entries()) {
    const scope = scopeSample(id);
    await store.registry.reserveScope(scope, [placeSample(n)], ALICE);
    await store.registry.completeScope(id, made(keySample(scope, n)), ALICE);
  }
  const earlier = auditEventsIn(file).length;
  return { store: store.access, audited: async () => auditEventsIn(file).slice(earlier) };
});
