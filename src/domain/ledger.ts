/** One token, as the issuer remembers it. */
export interface IssuanceRecord {
  /** SHA-256 of the signing input: 32 bytes. Never of the whole token, whose signature can be altered. */
  readonly digest: Buffer;
  readonly scopeId: string;
  readonly kid: string;
  readonly jti: string;
  readonly clientId: string;
  readonly subject: string | null;
  readonly iat: number;
  readonly exp: number;
}

export interface Ledger {
  /**
   * Settles once the record is durable (I5). `ledger_unavailable` when it could not be written, `overloaded`
   * when too many records wait.
   */
  record(record: IssuanceRecord): Promise<void>;
}
