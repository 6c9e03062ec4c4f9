/** Moves old records out of the database, in steps small enough for issuing to go on between them. */
export interface LedgerArchives {
  /**
   * Copies the oldest groups into a sealed segment, once there is a day of them: those that were committed before
   * one time and whose tokens expired before the other. Answers how many records, 0 where none are due.
   * `store_unavailable`; `ledger_damaged` where a group is not as it was committed.
   */
  seal(due: ArchiveDue): Promise<number>;
  /**
   * Deletes some records that are sealed in a segment whose file is there; answers how many, 0 where none are left.
   * `ledger_damaged` where the table of segments is not as the audit trail has it.
   */
  drop(): Promise<number>;
  /**
   * Removes the segments that are due, for good; answers how many. The hashes of their groups stay. What is in a
   * segment is taken from the audit event by which it was sealed. `ledger_damaged`, after all others are removed,
   * where a row or a file is not as the audit trail has it.
   */
  remove(isDue: (segment: ArchivedSegment) => boolean): Promise<number>;
}

/** Seconds since the epoch. */
export interface ArchiveDue {
  readonly committedBefore: number;
  readonly expiredBefore: number;
}

export interface ArchivedSegment {
  /** The keys that signed the tokens in it. */
  readonly kids: readonly string[];
  /** When the last of them expires; seconds since the epoch. */
  readonly lastExp: number;
}
