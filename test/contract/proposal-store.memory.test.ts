import { VolatileProposals } from '../../src/access/store/proposals.ts';
import type { AuditEvent } from '../../src/kernel/audit.ts';
import { proposalStoreContract } from './proposal-store-contract.ts';

proposalStoreContract('memory', async () => {
  const audited: AuditEvent[] = [];
  const record = async (event: AuditEvent) => {
    audited.push(event);
  };
  return { store: new VolatileProposals({ record }), audited: async () => audited };
});
