import type { BrokenChain } from '../kernel/audit-chain.ts';
import type { RunPublicKey } from '../kernel/runs.ts';
import { type RecordColumns, slotOfRow } from './ledger-row.ts';
import { compileGroupStatements, type GroupStatements } from './ledger-statements.ts';
import { compileQuery } from './sqlite-dialect.ts';
import type { DatabaseIdentity } from './writer-protocol.ts';

/** What a reading worker is told once, at its start. */
export interface LookupSettings {
  readonly file: string;
  readonly identity: DatabaseIdentity;
  /** Whose seals count. */
  readonly runs: readonly RunPublicKey[];
  readonly statements: LookupStatements;
}

export interface LookupStatements extends GroupStatements {
  readonly record: string;
}

/** All digests in one array, each with the slot to look in. */
export interface DigestQuery {
  readonly digests: Uint8Array;
  readonly slots: readonly number[];
}

export interface LookupCalls {
  /** A row that counts for nothing is none. */
  find: { asks: DigestQuery; answers: Looked<RecordColumns | null> };
  /** Whether each is recorded for the scope. */
  known: { asks: DigestQuery & { readonly scopeId: string }; answers: Looked<boolean> };
  close: { asks: null; answers: null };
}

export interface Looked<T> {
  /** In the order of what was asked. */
  readonly found: readonly T[];
  /** Rows that were met and count for nothing. */
  readonly broken: readonly BrokenChain[];
}

export function compileLookupStatements(): LookupStatements {
  return {
    record: compileQuery((db) =>
      db
        .selectFrom('issuance_records')
        .selectAll()
        .where(slotOfRow, '=', 0)
        .where('digest', '=', new Uint8Array()),
    ),
    ...compileGroupStatements(),
  };
}
