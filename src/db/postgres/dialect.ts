import { type Dialect, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import { type Language, type Session, sessionDialect } from '../session-dialect.ts';

export const POSTGRES: Language = {
  createAdapter: () => new PostgresAdapter(),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createIntrospector: (db) => new PostgresIntrospector(db),
};

/** Kysely over sessions of PostgreSQL, as `sessionDialect`. */
export function postgresDialect(open: () => Session): Dialect {
  return sessionDialect(POSTGRES, open);
}
