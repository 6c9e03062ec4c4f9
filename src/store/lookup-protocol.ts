import { compileQuery } from './compile-query.ts';
import type { RecordColumns } from './ledger-row.ts';
import { slotOfRow } from './record-slot.ts';
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

/** All digests in one array, each with the newest slot to look in. */
export interface SoughtDigests {
  readonly digests: Uint8Array;
  readonly slots: readonly number[];
}

export interface LookupCalls {
  /** A row that its group does not cover is none. */
  find: { asks: SoughtDigests; answers: readonly (RecordColumns | null)[] };
  /** Whether each is recorded for the scope in one of its slots; the group is not checked. */
  known: {
    asks: SoughtDigests & { readonly scopeId: string; readonly oldestSlots: readonly number[] };
    answers: readonly boolean[];
  };
  close: { asks: null; answers: null };
}

export function compileLookupStatements(): LookupStatements {
  const nothing = new Uint8Array();
  return {
    record: compileQuery((db) =>
      db.selectFrom('issuance_records').selectAll().where(slotOfRow, '=', 0).where('digest', '=', nothing),
    ),
    knownDigest: compileQuery((db) =>
      db
        .selectFrom('issuance_records')
        .select('sequence')
        .where(slotOfRow, '=', 0)
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
