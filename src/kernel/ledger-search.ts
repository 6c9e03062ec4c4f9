import type { Actor } from './actor.ts';
import type { RecordedToken } from '../domain/ledger.ts';

/** What an investigation asks for; what is left out is not asked. Times bound `iat`, both included. */
export interface LedgerQuery {
  readonly scopeId?: string | undefined;
  readonly kid?: string | undefined;
  readonly jti?: string | undefined;
  readonly clientId?: string | undefined;
  /** Finds records that keep the subject hashed, too. */
  readonly subject?: string | undefined;
  readonly root?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface LedgerEntry extends RecordedToken {
  /** Its place in the ledger, from 1. */
  readonly sequence: number;
  /** Whether subject and root event were erased. */
  readonly erased: boolean;
  readonly archived: boolean;
}

export interface LedgerPage {
  /** In the order in which they were recorded. */
  readonly entries: readonly LedgerEntry[];
  /** Where to go on; null at the end. A page may be short, or empty, and not be the last. */
  readonly next: number | null;
}

/** Look-ups over all records, those in archives too; away from the hot path, however much there is to read. */
export interface LedgerSearch {
  /** `after` is the `next` of the page before, 0 at first. `store_unavailable`, `overloaded`. */
  page(query: LedgerQuery, bounds: { readonly after: number; readonly limit: number }): Promise<LedgerPage>;
}

export interface ErasedCounts {
  readonly records: number;
  readonly events: number;
  readonly reports: number;
}

/** What people still work on: numbers of security events that nobody has resolved, and of cases that are not closed. */
export interface OpenMatters {
  readonly events: readonly number[];
  readonly reports: readonly string[];
}

/** The audit event of an erasure; it names no subject. */
export const ERASURE_REQUESTED = 'ledger.erasure_requested';

export interface LedgerErasure {
  /** What is open about the subject. `store_unavailable`. */
  openAbout(subject: string): Promise<OpenMatters>;
  /**
   * Erases subject and root event of every record of a subject, in archives too, personal values of security events
   * about them, and what was written in reports of their tokens, or by whoever can be reached under that name. The
   * chain stays whole. Audited without the subject. `store_unavailable`.
   */
  eraseSubject(subject: string, actor: Actor): Promise<ErasedCounts>;
}
