/** What a client was issued for a scope within one hour. */
export interface IssuedHour {
  readonly client: string;
  readonly scope: string;
  /** Hours since the epoch. */
  readonly hour: number;
  readonly tokens: number;
}

export interface IssuedHours {
  readonly hours: readonly IssuedHour[];
  /** False where there was more to read than was read: then the oldest is missing. */
  readonly complete: boolean;
  /** Since when all is counted; seconds since the epoch. */
  readonly countedFrom: number;
}

/** Counts the ledger by the hour, archives too; away from the hot path and from other searches. */
export interface IssuedHoursReader {
  /** From the first second to the last. `store_unavailable`, `overloaded`. */
  between(from: number, to: number): Promise<IssuedHours>;
}
