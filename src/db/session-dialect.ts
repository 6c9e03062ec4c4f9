import type { DatabaseSync } from 'node:sqlite';
import {
  type Compilable,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Schema } from './schema.ts';
import { type Executed, runStatement } from './sqlite/statements.ts';

/** One connection to SQLite, wherever it lives: on this thread or behind the writer's messages. */
export interface SqliteSession {
  begin(): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  execute(sql: string, parameters: readonly unknown[]): Promise<Executed>;
}

/** Kysely over a session; `open` is asked anew for each use, so that a broken session is never used again. */
export function sqliteDialect(open: () => SqliteSession): Dialect {
  return {
    createAdapter: () => new Adapter(),
    createDriver: () => new SessionDriver(open),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

class Adapter extends SqliteAdapter {
  /** SQLite can; Kysely leaves it off. Migrations run in one transaction thanks to it. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** Opens at its first use: Kysely never gives back the lock of a connection that failed to be acquired. */
class SessionConnection implements DatabaseConnection {
  readonly #open: () => SqliteSession;
  #session: SqliteSession | undefined;

  constructor(open: () => SqliteSession) {
    this.#open = open;
  }

  get session(): SqliteSession {
    this.#session ??= this.#open();
    return this.#session;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changes } = await this.session.execute(query.sql, query.parameters);
    return { rows: rows as R[], numAffectedRows: BigInt(changes) };
  }

  streamQuery(): never {
    throw new Error('this connection does not stream');
  }
}

class SessionDriver implements Driver {
  readonly #open: () => SqliteSession;

  constructor(open: () => SqliteSession) {
    this.#open = open;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SessionConnection> {
    return new SessionConnection(this.#open);
  }

  async beginTransaction(connection: SessionConnection): Promise<void> {
    await connection.session.begin();
  }

  async commitTransaction(connection: SessionConnection): Promise<void> {
    await connection.session.commit();
  }

  async rollbackTransaction(connection: SessionConnection): Promise<void> {
    await connection.session.rollback();
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

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

const compiler = new Kysely<Schema>({ dialect: sqliteDialect(noSession) });

/** SQL for a worker, which has no query builder of its own; the order of the parameters is the query's. */
export function compileQuery(build: (db: Kysely<Schema>) => Compilable): string {
  return build(compiler).compile().sql;
}

function noSession(): never {
  throw new Error('this instance only compiles');
}
