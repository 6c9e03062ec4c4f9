/** One token, as the issuer remembers it. */
export interface IssuanceRecord {
  /** SHA-256 of the signing input: 32 bytes. Never of the whole token, whose signature can be altered. */
  readonly digest: Buffer;
  readonly scopeId: string;
  readonly kid: string;
  readonly jti: string;
  readonly clientId: string;
  /** As the scope's policy has it recorded; null where there is none, or once it is erased. */
  readonly subject: string | null;
  /** The root event that the token came from, such as one sign-in; null as above. */
  readonly root: string | null;
  readonly iat: number;
  readonly exp: number;
}

export interface Ledger {
  /**
   * Settles once the record is durable (I5). `ledger_unavailable` when it could not be written, `overloaded`
   * when too many records wait; `jti_used` where the `jti` is a caller's own and the scope has a record of it.
   */
  record(record: IssuanceRecord): Promise<void>;
}

/** A record as read back. */
export type RecordedToken = IssuanceRecord;

/**
 * What the issuer remembers of tokens that may still be good. Rows that went to an archive are not looked for:
 * their tokens have long expired. `ledger_unavailable`, `overloaded`.
 */
export interface LedgerReader {
  /**
   * By the token's digest and its `iat`, which the digest covers. Undefined where there is no record, and where
   * there is one whose group no run of the service sealed, or was not committed with it.
   */
  find(digest: Buffer, iat: number): Promise<RecordedToken | undefined>;
}
