import { describe } from 'vitest';
import { openTestStore } from '../support/open-test-store.ts';
import { ownedPostgres } from '../support/postgres/owned.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';
import { auditEventsOfPostgres } from '../support/store-database.ts';
import { registryContract } from './registry-contract.ts';

describe.skipIf(NO_POSTGRES)('with a server', () => {
  registryContract(POSTGRES, async () => {
    const postgres = await ownedPostgres();
    const { store } = await openTestStore({ postgres });
    return {
      registry: store.registry,
      reopen: async () => (await openTestStore({ postgres })).store.registry,
      audited: () => auditEventsOfPostgres(postgres.url),
    };
  });
});
