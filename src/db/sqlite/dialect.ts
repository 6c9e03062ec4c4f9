import type { DatabaseSync } from 'node:sqlite';
import {
  type Compilable,
  type Dialect,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Schema } from '../schema.ts';
import { type Language, type Session, sessionDialect } from '../session-dialect.ts';
import { runStatement } from './statements.ts';

class Adapter extends SqliteAdapter {
  /** SQLite can; Kysely leaves it off. Migrations run in one transaction thanks to it. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

export const SQLITE: Language = {
  createAdapter: () => new Adapter(),
  createQueryCompiler: () => new SqliteQueryCompiler(),
  createIntrospector: (db) => new SqliteIntrospector(db),
};

/** Kysely over sessions of SQLite, as `sessionDialect`. */
export function sqliteDialect(open: () => Session): Dialect {
  return sessionDialect(SQLITE, open);
}

/** A connection of this thread as a session. `begin` is run in place of `BEGIN`. */
export function connectionSession(db: DatabaseSync, begin: () => void = () => db.exec('BEGIN')): Session {
  return {
    begin: async () => begin(),
    commit: async () => db.exec('COMMIT'),
    // Of a disk that is full, SQLite does it itself.
    rollback: async () => void (db.isTransaction && db.exec('ROLLBACK')),
    execute: async (sql, parameters) => runStatement(db, sql, parameters),
  };
}

const compiler = new Kysely<Schema>({ dialect: sqliteDialect(noSession) });

/** SQL for a worker, which has no query builder of its own; the order of the parameters is the query's. */
export function compileQuery(build: (db: Kysely<Schema>) => Compilable): string {
  return build(compiler).compile().sql;
}

function noSession(): never {
  throw new Error('this instance only compiles');
}
