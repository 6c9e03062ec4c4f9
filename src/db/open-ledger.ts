import { AskingRuns } from './asking-runs.ts';
import { SharedEnd } from './chain-end.ts';
import type { ThreadEntry } from './engine.ts';
import type { LedgerConnection } from './ledger-connection.ts';
import { LedgerRanges, type LedgerSource } from './ledger-ranges.ts';
import { LedgerWindows } from './ledger-windows.ts';
import type { RunDirectory } from './run-directory.ts';
import { SealedGroups } from './sealed-groups.ts';

/** Where a reading thread finds the ledger. */
export interface LedgerReading extends LedgerSource {
  readonly thread: ThreadEntry;
  /** Judges the runs that the thread meets and was not told of. */
  readonly directory: Pick<RunDirectory, 'find'>;
}

/** What a reading thread is told once, at its start. */
export interface ReadSettings extends LedgerSource {
  /** How much of the file is kept in memory; by default what SQLite takes. */
  readonly cacheKib?: number | undefined;
  /** Runs with the lowest priority, where threads have one. */
  readonly givesWay?: boolean | undefined;
}

/** The ledger as one reading thread has it open. */
export class OpenLedger {
  readonly connection: LedgerConnection;
  readonly runs: AskingRuns;
  readonly groups: SealedGroups;
  readonly ranges: LedgerRanges;
  readonly windows: LedgerWindows;
  readonly #end: SharedEnd;

  constructor(settings: ReadSettings, connection: LedgerConnection) {
    this.connection = connection;
    this.runs = new AskingRuns(settings.runs);
    this.groups = new SealedGroups(this.runs);
    this.ranges = new LedgerRanges(settings, this.runs);
    this.windows = new LedgerWindows(this.connection, this.ranges);
    this.#end = new SharedEnd(settings.end);
  }

  /** The last group that was acknowledged; undefined before any is known. */
  get acknowledged(): number | undefined {
    return this.#end.acknowledged;
  }
}
