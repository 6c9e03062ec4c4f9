import type { Subscribable } from '../lib/emitter.ts';
import type { Actor } from '../domain/access.ts';
import type { CaseOutcome, CaseState, FiledReport, ReportCase, Suspicion, UnclosedCounts } from './case.ts';
import type { TokenFindings } from './findings.ts';

/** What anybody says, as it came. */
export interface Report extends Suspicion {
  readonly scopeId: string;
  readonly token: string | null;
  readonly requestId: string;
}

/** The public side. */
export interface ReportIntake {
  /**
   * Settles with the number of the case once it is durable; what was reported is looked into after that.
   * `store_unavailable`, `overloaded`.
   */
  receive(report: Report): Promise<string>;
}

export interface CaseQuery {
  readonly state?: CaseState | undefined;
  readonly scopeId?: string | undefined;
}

/** What operators do with reports. Each change commits with its audit event (I10). `store_unavailable`. */
export interface ReportDesk {
  /** The newest first; `before` is the sequence of the last one seen. */
  list(
    query: CaseQuery,
    page: { readonly before?: number | undefined; readonly limit: number },
  ): Promise<readonly ReportCase[]>;
  /** `unknown_report`, as all below. */
  find(number: string): Promise<ReportCase>;
  /** Also from whoever has it; taking one's own changes nothing. `report_closed`. */
  take(number: string, actor: Actor): Promise<ReportCase>;
  /** `report_closed`. */
  note(number: string, note: string, actor: Actor): Promise<ReportCase>;
  /** `report_closed`. */
  close(number: string, outcome: CaseOutcome, note: string, actor: Actor): Promise<ReportCase>;
  /** Erases text and contact for good; where they are erased already, nothing changes. */
  erase(number: string, actor: Actor): Promise<ReportCase>;
}

/** What became of a case; `was` is null for a new one. */
export interface CaseChange {
  readonly was: CaseState | null;
  readonly state: CaseState;
}

export interface NewReport extends Pick<FiledReport, 'number' | 'scopeId' | 'digest'> {
  readonly suspicion: Suspicion;
  readonly requestId: string;
}

/** Where cases are kept, for what the service does with them by itself. `store_unavailable`. */
export interface ReportStore extends Subscribable<CaseChange> {
  file(report: NewReport): Promise<FiledReport>;
  /** Once a case; a second time changes nothing. */
  examined(number: string, findings: TokenFindings | null): Promise<void>;
  /** Cases received until then that were not looked into, the oldest first. */
  unexamined(receivedUntil: number, limit: number): Promise<readonly FiledReport[]>;
  /** Cases received until then that nobody took up, the oldest first, behind that sequence. */
  untaken(receivedUntil: number, afterSequence: number, limit: number): Promise<readonly FiledReport[]>;
  /** Erases text and contact of cases closed until then, at most so many; answers how many. */
  eraseClosed(closedUntil: number, limit: number): Promise<number>;
  countUnclosed(): Promise<UnclosedCounts>;
}
