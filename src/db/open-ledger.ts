import { TrustedRuns } from '../kernel/audit-chain.ts';
import { LedgerRanges, type LedgerSource, LedgerWindows } from './ledger-ranges.ts';
import { SealedGroups } from './sealed-groups.ts';
import { ReadConnection } from './sqlite/read-connection.ts';
import type { DatabaseIdentity } from './writer-protocol.ts';

/** Where a reading thread finds the ledger. */
export interface LedgerReading extends LedgerSource {
  readonly file: string;
  readonly identity: DatabaseIdentity;
}

/** What a reading thread is told once, at its start. */
export interface ReadSettings extends LedgerReading {
  /** How much of the file is kept in memory; by default what SQLite takes. */
  readonly cacheKib?: number | undefined;
  /** Runs with the lowest priority, where threads have one. */
  readonly givesWay?: boolean | undefined;
}

/** The ledger as one reading thread has it open. */
export class OpenLedger {
  readonly connection: ReadConnection;
  readonly runs: TrustedRuns;
  readonly groups: SealedGroups;
  readonly ranges: LedgerRanges;
  readonly windows: LedgerWindows;

  constructor(settings: ReadSettings) {
    this.connection = new ReadConnection(settings.file, settings.identity, settings.cacheKib);
    this.runs = new TrustedRuns(settings.runs);
    this.groups = new SealedGroups(this.runs);
    this.ranges = new LedgerRanges(settings);
    this.windows = new LedgerWindows(this.connection, this.ranges);
  }
}
