import { compileQuery } from './compile-query.ts';

export interface GroupStatements {
  readonly group: string;
  /** From the first record, included, to the last, excluded. */
  readonly groupRows: string;
  readonly rowHashes: string;
}

export function compileGroupStatements(): GroupStatements {
  return {
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
