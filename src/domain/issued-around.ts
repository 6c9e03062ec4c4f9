import type { LedgerEntry } from '../kernel/ledger-search.ts';

/** Records between two `iat`, both included, that have one of the values there. */
export interface IssuedQuestion {
  readonly by: 'jti' | 'client' | 'subject';
  readonly values: readonly string[];
  readonly from: number;
  readonly to: number;
  /** Listed at most. */
  readonly limit: number;
}

export interface IssuedAnswer {
  readonly tokens: number;
  /** The first of them. */
  readonly entries: readonly LedgerEntry[];
  /** False where there was more to read than was read. */
  readonly complete: boolean;
}

/** Counts what was issued within some hours, archives too; away from the hot path and from other searches. */
export interface IssuedReader {
  /** `store_unavailable`, `overloaded`. */
  issued(question: IssuedQuestion): Promise<IssuedAnswer>;
}
