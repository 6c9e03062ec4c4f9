import type { RecordedToken } from './ledger.ts';

/** The ledger's way to what storage holds. `overloaded`, `shutting_down`, or any other failure to read. */
export interface RecordLookup {
  /** A record that its group's hash does not cover is none. */
  find(digest: Buffer): Promise<RecordedToken | undefined>;
  /** Whether each digest is recorded for the scope, in order; nothing is checked beyond that. */
  known(scopeId: string, digests: readonly Buffer[]): Promise<readonly boolean[]>;
}
