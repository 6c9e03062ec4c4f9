import { KeywardError } from '../../src/kernel/errors.ts';
import {
  type IssuanceRecord,
  type Ledger,
  type LedgerReader,
  WRITTEN_JTI_LENGTH,
} from '../../src/kernel/issuance.ts';
import type { Sighting, Sightings } from '../../src/kernel/verification.ts';

/** The ledger's ports in memory, for tests of what stands on them. It passes their contract. */
export class MemoryLedger implements Ledger, LedgerReader, Sightings {
  readonly #records = new Map<string, IssuanceRecord>();

  get records(): readonly IssuanceRecord[] {
    return [...this.#records.values()];
  }

  async record(record: IssuanceRecord): Promise<void> {
    if (record.digest.length !== 32) throw new KeywardError('internal', 'The token could not be recorded.');
    const key = record.digest.toString('hex');
    const isUsed = ({ scopeId, jti }: IssuanceRecord) => scopeId === record.scopeId && jti === record.jti;
    if (record.jti.length > WRITTEN_JTI_LENGTH && this.records.some(isUsed)) {
      throw new KeywardError('jti_used', 'This jti is used.');
    }
    if (this.#records.has(key)) throw new KeywardError('ledger_unavailable', 'There is such a record.');
    this.#records.set(key, record);
  }

  async find(digest: Buffer): Promise<IssuanceRecord | undefined> {
    return this.#records.get(digest.toString('hex'));
  }

  async unknown(scopeId: string, sightings: readonly Sighting[]): Promise<readonly Buffer[]> {
    return sightings
      .map(({ digest }) => digest)
      .filter((digest) => this.#records.get(digest.toString('hex'))?.scopeId !== scopeId);
  }
}
