import type { IssuanceRecord } from './ledger.ts';

/**
 * The ledger's way to durable storage. What is handed in before another change commits no later than that
 * change: so no record of a key can follow the key's compromise.
 */
export interface RecordAppender {
  /** Settles once the record is durable. `overloaded`, `shutting_down`, or any other failure to write. */
  append(record: IssuanceRecord): Promise<void>;
}
