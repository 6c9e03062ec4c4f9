import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely';

/** What one statement answered; plain data, so that it can cross a thread boundary. */
export interface Executed {
  readonly rows: unknown[];
  readonly changes: number;
}

/** One connection to a database, wherever it lives: on this thread or behind a worker's messages. */
export interface Session {
  begin(): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  execute(sql: string, parameters: readonly unknown[]): Promise<Executed>;
}

/** What Kysely knows of an engine but for how to reach it. */
export type Language = Omit<Dialect, 'createDriver'>;

/** Kysely over a session; `open` is asked anew for each use, so that a broken session is never used again. */
export function sessionDialect(language: Language, open: () => Session): Dialect {
  return { ...language, createDriver: () => new SessionDriver(open) };
}

/** Opens at its first use: Kysely never gives back the lock of a connection that failed to be acquired. */
class SessionConnection implements DatabaseConnection {
  readonly #open: () => Session;
  #session: Session | undefined;

  constructor(open: () => Session) {
    this.#open = open;
  }

  get session(): Session {
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
  readonly #open: () => Session;

  constructor(open: () => Session) {
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
