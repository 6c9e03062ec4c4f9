import { type Dialect, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import { type Language, type Session, sessionDialect } from '../session-dialect.ts';

class Adapter extends PostgresAdapter {
  /** A session is one connection: transactions take their turns. */
  override get supportsMultipleConnections(): boolean {
    return false;
  }

  // Its own is of the session, which an aborted transaction does not give back, and sets a timeout for all locks. Who
  // migrates has the lock of whoever begins.
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}

export const POSTGRES: Language = {
  createAdapter: () => new Adapter(),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createIntrospector: (db) => new PostgresIntrospector(db),
};

/** Kysely over sessions of PostgreSQL, as `sessionDialect`. */
export function postgresDialect(open: () => Session): Dialect {
  return sessionDialect(POSTGRES, open);
}
