/** Moves old records out of the database, in steps small enough for issuing to go on between them. */
export interface LedgerArchives {
  /**
   * Copies the oldest groups into a sealed segment, once there is a day of them: those that were committed before
   * one time and whose tokens expired before the other. Answers how many records, 0 where none are due.
   * `store_unavailable`; `ledger_damaged` where a group is not as it was committed.
   */
  seal(due: ArchiveDue): Promise<number>;
  /** Deletes some records that are sealed in a segment; answers how many, 0 where none are left. */
  drop(): Promise<number>;
  /** Removes the segments that fit, for good; answers how many. The hashes of their groups stay. */
  remove(fits: (segment: ArchivedSegment) => boolean): Promise<number>;
}

/** Seconds since the epoch. */
export interface ArchiveDue {
  readonly committedBefore: number;
  readonly expiredBefore: number;
}

export interface ArchivedSegment {
  /** The keys that signed the tokens in it. */
  readonly kids: readonly string[];
}
