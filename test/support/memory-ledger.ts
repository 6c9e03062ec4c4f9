import { KeywardError } from '../../src/domain/errors.ts';
import type { IssuanceRecord, Ledger } from '../../src/domain/ledger.ts';

/** The `Ledger` port in memory, for tests of what stands on it. It passes the ledger's contract. */
export class MemoryLedger implements Ledger {
  readonly #records = new Map<string, IssuanceRecord>();

  get records(): readonly IssuanceRecord[] {
    return [...this.#records.values()];
  }

  async record(record: IssuanceRecord): Promise<void> {
    if (record.digest.length !== 32) throw new KeywardError('internal', 'The token could not be recorded.');
    const key = record.digest.toString('hex');
    if (this.#records.has(key)) throw new KeywardError('ledger_unavailable', 'There is such a record.');
    this.#records.set(key, record);
  }
}
