import type { FiledReport } from './case.ts';
import type { TokenFindings } from './findings.ts';

/** Tells the operators of reports. */
export interface ReportTelling {
  /** Once a case, and once for a token of ours however many report it; past the budget of the minute it is counted instead. Rejects where it could not be stored. */
  tell(report: FiledReport, findings: TokenFindings | null): Promise<void>;
  /** Of one that was not taken, past a limit that several networks share; told at the next `tellRest`, once an hour. */
  turnedAway(): void;
  /** Tells of those that were counted, once their minute is over, and at once that some were turned away. */
  tellRest(): Promise<void>;
}
