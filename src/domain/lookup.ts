import type { RecordedToken } from './ledger.ts';

/** A record by its digest, with the bounds of its `iat`, both included. */
export interface SoughtRecord {
  readonly digest: Buffer;
  readonly iatFrom: number;
  readonly iatUntil: number;
}

/** The ledger's way to what storage holds. `overloaded`, `shutting_down`, or any other failure to read. */
export interface RecordLookup {
  /** A record that its group's hash does not cover is none. */
  find(digest: Buffer, iat: number): Promise<RecordedToken | undefined>;
  /**
   * Whether each is recorded for the scope, in order; nothing is checked beyond that. Looked for from its latest
   * `iat` back: where many with wide bounds are asked for at once, one may be called unknown before all of its
   * bounds were searched.
   */
  known(scopeId: string, sought: readonly SoughtRecord[]): Promise<readonly boolean[]>;
}
