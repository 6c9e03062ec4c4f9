/** A client or a subject, and how many tokens it has. */
export interface Share {
  readonly name: string;
  readonly tokens: number;
}

/** Those with the most tokens first, and how many were left out. */
export interface Shares {
  readonly listed: readonly Share[];
  readonly more: number;
}

/** What a key had signed, and what of it was alive at an instant; from the ledger. Seconds since the epoch. */
export interface KeyUse {
  readonly liveTokens: number;
  readonly clients: Shares;
  /** As the scope's policy has them recorded; tokens without one are in no share. */
  readonly subjects: Shares;
  /** Null where it issued nothing that is still on record. */
  readonly firstIssuedAt: number | null;
  readonly lastIssuedAt: number | null;
  /** False where there was more to read than was read: then all of it is at least so. */
  readonly complete: boolean;
}

export interface KeyUseQuestion {
  readonly kid: string;
  readonly at: number;
  /** No record of the key is older, and none of a token alive at that instant was issued longer before it. */
  readonly since: number;
  readonly longestTtlSeconds: number;
}

/** Away from the hot path and from other searches. */
export interface KeyUseReader {
  /** `store_unavailable`, `overloaded`. */
  use(question: KeyUseQuestion): Promise<KeyUse>;
}
