import { compileQuery } from './compile-query.ts';
import type { RecordColumns } from './ledger-row.ts';
import type { FileIdentity } from './writer-protocol.ts';

/** What a reading worker is told once, at its start. */
export interface LookupSettings {
  readonly file: string;
  readonly identity: FileIdentity;
  readonly statements: LookupStatements;
}

export interface LookupStatements {
  readonly record: string;
  readonly knownDigest: string;
  readonly group: string;
  readonly rowHashes: string;
  readonly groupRows: string;
}

export interface LookupCalls {
  /** All digests in one array. A row that its group does not cover is none. */
  find: { asks: Uint8Array; answers: readonly (RecordColumns | null)[] };
  /** Whether each digest is recorded for the scope; the group is not checked. */
  known: { asks: { readonly digests: Uint8Array; readonly scopeId: string }; answers: readonly boolean[] };
  close: { asks: null; answers: null };
}

export function compileLookupStatements(): LookupStatements {
  const nothing = new Uint8Array();
  return {
    record: compileQuery((db) => db.selectFrom('issuance_records').selectAll().where('digest', '=', nothing)),
    knownDigest: compileQuery((db) =>
      db
        .selectFrom('issuance_records')
        .select('sequence')
        .where('digest', '=', nothing)
        .where('scope_id', '=', ''),
    ),
    group: compileQuery((db) => db.selectFrom('ledger_groups').selectAll().where('sequence', '=', 0)),
    rowHashes: compileQuery((db) =>
      db.selectFrom('ledger_row_hashes').select('hashes').where('group_sequence', '=', 0),
    ),
    groupRows: compileQuery((db) =>
      db
        .selectFrom('issuance_records')
        .selectAll()
        .where('sequence', '>=', 0)
        .where('sequence', '<', 0)
        .orderBy('sequence'),
    ),
  };
}
