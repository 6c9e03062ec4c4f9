import type { RecordedToken } from './ledger.ts';

/** A record by its digest and the `iat` that the digest covers. */
export interface RecordQuery {
  readonly digest: Buffer;
  readonly iat: number;
}

/**
 * The ledger's way to what storage holds. `overloaded`, `rate_limited`, `shutting_down`, or any other failure to read.
 */
export interface RecordLookup {
  /** A record whose group no run of the service sealed, or was not committed with it, is none. */
  find(digest: Buffer, iat: number): Promise<RecordedToken | undefined>;
  /** Whether each is recorded for the scope, in order, by the same rule. Owners that ask at once take turns. */
  known(scopeId: string, sought: readonly RecordQuery[], owner: string): Promise<readonly boolean[]>;
}
