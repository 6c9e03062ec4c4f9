import { describe } from 'vitest';
import { openTestStore } from '../support/open-test-store.ts';
import { ownedPostgres } from '../support/postgres/owned.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';
import { auditEventsOfPostgres } from '../support/store-database.ts';
import { proposalStoreContract } from './proposal-store-contract.ts';

describe.skipIf(NO_POSTGRES)('with a server', () => {
  proposalStoreContract(POSTGRES, async () => {
    const postgres = await ownedPostgres();
    const { store } = await openTestStore({ postgres });
    return { store: store.proposals, audited: () => auditEventsOfPostgres(postgres.url) };
  });
});
