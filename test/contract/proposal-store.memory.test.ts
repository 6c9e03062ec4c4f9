import { VolatileProposals } from '../../src/db/volatile-proposals.ts';
import type { AuditEvent } from '../../src/domain/audit.ts';
import { proposalStoreContract } from './proposal-store-contract.ts';

proposalStoreContract('memory', async () => {
  const audited: AuditEvent[] = [];
  const record = async (event: AuditEvent) => {
    audited.push(event);
  };
  return { store: new VolatileProposals({ record }), audited: () => audited };
});
