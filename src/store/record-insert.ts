import { Kysely } from 'kysely';
import type { Schema } from './schema.ts';
import { sqliteDialect } from './sqlite-dialect.ts';

/** The SQL of one ledger row, compiled once: its parameters stand as `rowsOf` in `record-batch.ts` gives them. */
export function compileRecordInsert(): string {
  const compiler = new Kysely<Schema>({ dialect: sqliteDialect(noSession) });
  const digest = new Uint8Array();
  const text = { scope_id: '', kid: '', jti: '', client_id: '', subject: '' };
  const insert = compiler.insertInto('issuance_records').values({ digest, ...text, iat: 0, exp: 0 });
  return insert.compile().sql;
}

function noSession(): never {
  throw new Error('this instance only compiles');
}
