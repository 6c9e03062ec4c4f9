import type { Ledger } from '../../src/kernel/issuance.ts';

export { createLedgerReader } from '../../src/ledger/durable-ledger.ts';

export function createLedger(): Ledger {
  return { record: async () => {} };
}
