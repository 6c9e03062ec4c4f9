import { MemoryLedger } from '../support/memory-ledger.ts';
import { ledgerContract } from './ledger-contract.ts';

ledgerContract('memory', async () => {
  const ledger = new MemoryLedger();
  return { ledger, recorded: async () => ledger.records };
});
