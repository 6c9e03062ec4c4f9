import { type SqlBool, sql } from 'kysely';
import type { BrokenChain } from '../kernel/audit-chain.ts';
import type { RunPublicKey } from '../kernel/runs.ts';
import { IS_VOUCHED } from './event-seals.ts';
import type { RecordColumns } from './ledger-row.ts';
import { compileGroupStatements, type GroupStatements } from './ledger-statements.ts';
import { compileQuery } from './sqlite-dialect.ts';
import type { DatabaseIdentity } from './writer-protocol.ts';

/** What every worker that reads the ledger is told once, at its start. */
export interface SearchSettings extends LedgerReading {
  readonly statements: SearchStatements;
}

export interface LedgerReading {
  readonly file: string;
  readonly identity: DatabaseIdentity;
  /** Where the segments of `ledger_archives` lie. */
  readonly archiveDir: string;
  /** Whose seals count; read when the thread starts. */
  readonly runs: readonly RunPublicKey[];
  /** `SharedEnd`: what lies beyond it is not read. */
  readonly end: SharedArrayBuffer;
}

export interface LedgerChecking extends LedgerReading {
  /** Told of rows that were met and count for nothing. */
  readonly onBroken: (broken: BrokenChain) => void;
}

/** Where groups are asked for, the last parameter is the last group to look at. */
export interface SearchStatements extends GroupStatements {
  /** Of one segment, those that something stands behind; needs the function of `EventSeals`. */
  readonly archiveEvents: string;
  readonly archiveListed: string;
  readonly lastRecord: string;
  readonly firstRecordSince: string;
  readonly lastRecordUntil: string;
}

/** A query over `issuance_records`; its parameters begin with the sequences between which it looks. */
export interface CompiledSearch {
  readonly sql: string;
  readonly filters: readonly (string | number)[];
  readonly from: number | null;
  readonly to: number | null;
}

export interface SearchCalls {
  page: {
    asks: { readonly search: CompiledSearch; readonly after: number; readonly limit: number };
    answers: SearchPage;
  };
  close: { asks: null; answers: null };
}

export interface SearchPage {
  readonly rows: readonly RecordColumns[];
  /** Which of the rows count for nothing. */
  readonly broken: ReadonlyMap<RecordColumns, BrokenChain>;
  readonly archived: boolean;
  readonly next: number | null;
}

export function compileSearchStatements(): SearchStatements {
  const lastRecord = sql<number>`first_record + row_count - 1`;
  return {
    ...compileGroupStatements(),
    archiveEvents: compileQuery((db) =>
      db
        .selectFrom('audit_events')
        .select(['type', 'details_json'])
        .where('subject', '=', '')
        .where(sql<SqlBool>`${sql.raw(IS_VOUCHED)}(sequence)`)
        .orderBy('sequence'),
    ),
    archiveListed: compileQuery((db) =>
      db.selectFrom('ledger_archives').select('number').where('number', '=', 0).where('file', '=', ''),
    ),
    lastRecord: compileQuery((db) =>
      db
        .selectFrom('ledger_groups')
        .select(lastRecord.as('record'))
        .where('sequence', '<=', 0)
        .orderBy('sequence', 'desc')
        .limit(sql.lit(1)),
    ),
    firstRecordSince: compileQuery((db) =>
      db
        .selectFrom('ledger_groups')
        .select((eb) => eb.fn.min('first_record').as('record'))
        .where('committed_at', '>=', 0)
        .where('sequence', '<=', 0),
    ),
    lastRecordUntil: compileQuery((db) =>
      db
        .selectFrom('ledger_groups')
        .select((eb) => eb.fn.max(lastRecord).as('record'))
        .where('committed_at', '<=', 0)
        .where('sequence', '<=', 0),
    ),
  };
}
