import { type Compilable, Kysely } from 'kysely';
import type { Schema } from './schema.ts';
import { sqliteDialect } from './sqlite-dialect.ts';

const compiler = new Kysely<Schema>({ dialect: sqliteDialect(noSession) });

/** SQL for a worker, which has no query builder of its own; the order of the parameters is the query's. */
export function compileQuery(build: (db: Kysely<Schema>) => Compilable): string {
  return build(compiler).compile().sql;
}

function noSession(): never {
  throw new Error('this instance only compiles');
}
