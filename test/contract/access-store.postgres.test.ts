import { describe } from 'vitest';
import { openTestStore } from '../support/open-test-store.ts';
import { ownedPostgres } from '../support/postgres/owned.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';
import { ALICE, keySample, made, placeSample, scopeSample } from '../support/registry-samples.ts';
import { auditEventsOfPostgres } from '../support/store-database.ts';
import { accessStoreContract } from './access-store-contract.ts';

describe.skipIf(NO_POSTGRES)('with a server', () => {
  accessStoreContract(POSTGRES, async () => {
    const postgres = await ownedPostgres();
    const { store } = await openTestStore({ postgres });
    for (const [n, id] of ['payments', 'mail'].entries()) {
      const scope = scopeSample(id);
      await store.registry.reserveScope(scope, [placeSample(n)], ALICE);
      await store.registry.completeScope(id, made(keySample(scope, n)), ALICE);
    }
    const audited = () => auditEventsOfPostgres(postgres.url);
    const earlier = (await audited()).length;
    return { store: store.access, audited: async () => (await audited()).slice(earlier) };
  });
});
