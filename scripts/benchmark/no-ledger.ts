import type { Ledger } from '../../src/kernel/issuance.ts';

export function createLedger(): Ledger {
  return { record: async () => {} };
}
