import type { Ledger } from '../../src/domain/ledger.ts';

export function createLedger(): Ledger {
  return { record: async () => {} };
}
