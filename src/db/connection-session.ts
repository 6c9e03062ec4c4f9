import type { DatabaseSync } from 'node:sqlite';
import { runStatement } from './run-statement.ts';
import type { SqliteSession } from './sqlite-dialect.ts';

/** A connection of this thread as a session. `begin` is run in place of `BEGIN`. */
export function connectionSession(
  db: DatabaseSync,
  begin: () => void = () => db.exec('BEGIN'),
): SqliteSession {
  return {
    begin: async () => begin(),
    commit: async () => db.exec('COMMIT'),
    rollback: async () => db.exec('ROLLBACK'),
    execute: async (sql, parameters) => runStatement(db, sql, parameters),
  };
}
