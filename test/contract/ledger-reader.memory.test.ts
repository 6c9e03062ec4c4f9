import { MemoryLedger } from '../support/memory-ledger.ts';
import { ledgerReaderContract } from './ledger-reader-contract.ts';

ledgerReaderContract('memory', async () => {
  const ledger = new MemoryLedger();
  return { ledger, reader: ledger };
});
