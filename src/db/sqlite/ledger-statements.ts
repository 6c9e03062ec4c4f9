import { sql } from 'kysely';
import { compileQuery } from './dialect.ts';

/** The SQL of appending a group, compiled once; the order of the parameters is that of the values here. */
export interface LedgerStatements {
  readonly lastGroup: string;
  readonly insertRecord: string;
  readonly insertGroup: string;
  readonly insertRowHashes: string;
}

const NO_BYTES = new Uint8Array();

export function compileLedgerStatements(): LedgerStatements {
  const texts = { scope_id: '', kid: '', jti: '', client_id: '', subject: '', root: '' };
  return {
    lastGroup: compileQuery((db) =>
      db.selectFrom('ledger_groups').selectAll().orderBy('sequence', 'desc').limit(sql.lit(1)),
    ),
    insertRecord: compileQuery((db) =>
      db.insertInto('issuance_records').values({
        sequence: 0,
        group_sequence: 0,
        salt: NO_BYTES,
        digest: NO_BYTES,
        ...texts,
        trace_id: NO_BYTES,
        iat: 0,
        exp: 0,
      }),
    ),
    insertGroup: compileQuery((db) =>
      db.insertInto('ledger_groups').values({
        sequence: 0,
        first_record: 0,
        row_count: 0,
        committed_at: 0,
        previous_hash: NO_BYTES,
        group_hash: NO_BYTES,
        run_id: '',
        seal: NO_BYTES,
      }),
    ),
    insertRowHashes: compileQuery((db) =>
      db.insertInto('ledger_row_hashes').values({ group_sequence: 0, hashes: NO_BYTES }),
    ),
  };
}
