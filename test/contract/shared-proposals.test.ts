import { describe } from 'vitest';
import { SharedProposals } from '../../src/access/store/shared-proposals.ts';
import { openTestStore } from '../support/open-test-store.ts';
import { ownedPostgres } from '../support/postgres/owned.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';
import { auditEventsAt } from '../support/store-database.ts';
import { type ProposalStoreBackend, proposalStoreContract } from './proposal-store-contract.ts';

const KEPT = { act: 'hsm.clear_pin_latch', isWhole: true } as const;

async function openShared(options: Parameters<typeof openTestStore>[0] = {}): Promise<ProposalStoreBackend> {
  let now = 1_760_000_000;
  const clock = { nowSeconds: () => now };
  const { store, database } = await openTestStore({ ...options, clock });
  return {
    store: new SharedProposals({ ...store, clock }),
    audited: () => auditEventsAt(database),
    setTime: (seconds) => {
      now = seconds;
    },
  };
}

proposalStoreContract('the audit trail', openShared, KEPT);

describe.skipIf(NO_POSTGRES)('with a server', () => {
  const onServer = async () => openShared({ postgres: await ownedPostgres() });
  proposalStoreContract(`the audit trail on ${POSTGRES}`, onServer, KEPT);
});
