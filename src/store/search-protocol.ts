import { sql } from 'kysely';
import { compileQuery } from './compile-query.ts';
import type { RecordColumns } from './ledger-row.ts';
import type { FileIdentity } from './writer-protocol.ts';

/** What a searching worker is told once, at its start. */
export interface SearchSettings {
  readonly file: string;
  readonly identity: FileIdentity;
  /** Where the segments of `ledger_archives` lie. */
  readonly archiveDir: string;
  readonly statements: SearchStatements;
}

export interface SearchStatements {
  readonly archives: string;
  readonly lastGroup: string;
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
  readonly archived: boolean;
  readonly next: number | null;
}

export function compileSearchStatements(): SearchStatements {
  const lastRecord = sql<number>`first_record + row_count - 1`;
  return {
    archives: compileQuery((db) =>
      db
        .selectFrom('ledger_archives')
        .select(['file', 'first_record', 'last_record', 'removed_at'])
        .orderBy('first_record'),
    ),
    lastGroup: compileQuery((db) =>
      db
        .selectFrom('ledger_groups')
        .select(lastRecord.as('record'))
        .orderBy('sequence', 'desc')
        .limit(sql.lit(1)),
    ),
    firstRecordSince: compileQuery((db) =>
      db
        .selectFrom('ledger_groups')
        .select((eb) => eb.fn.min('first_record').as('record'))
        .where('committed_at', '>=', 0),
    ),
    lastRecordUntil: compileQuery((db) =>
      db
        .selectFrom('ledger_groups')
        .select((eb) => eb.fn.max(lastRecord).as('record'))
        .where('committed_at', '<=', 0),
    ),
  };
}
